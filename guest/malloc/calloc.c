#include <stdlib.h>
#include <string.h>
#include "small_objects.h"

void *calloc(size_t count, size_t size)
{
    size_t total;

    /* Only the general allocator knows memory that is fresh, and therefore zero. */
    if (__builtin_mul_overflow(count, size, &total) || total > SMALL_MAX)
        return __libc_calloc(count, size);
    void *memory = malloc(total);
    return memory ? memset(memory, 0, total) : 0;
}
