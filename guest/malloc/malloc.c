#include <stdlib.h>
#include "small_objects.h"

void *malloc(size_t size)
{
    if (size > SMALL_MAX)
        return __libc_malloc_impl(size);

    unsigned class = class_of(size);
    struct slab *slab = __motte_slabs[class];
    struct object *object = slab->free;
    if (!object)
        return __motte_allocate_slowly(class);
    slab->free = object->next;
    slab->until_slow++;
    return object;
}

/* What the library allocates for itself, even where the program brings its own malloc. */
void *__libc_malloc(size_t size)
{
    return __libc_malloc_impl(size);
}
