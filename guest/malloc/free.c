#include <stdlib.h>
#include "small_objects.h"

void free(void *memory)
{
    if (!is_small(memory)) {
        __libc_free(memory);
        return;
    }
    struct slab *slab = slab_of(memory);
    struct object *object = memory;
    object->next = slab->free;
    slab->free = object;
    if (--slab->until_slow == 0)
        __motte_free_slowly(slab);
}
