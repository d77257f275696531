#include <stdlib.h>
#include <string.h>
#include "small_objects.h"

void *realloc(void *memory, size_t size)
{
    if (!memory)
        return malloc(size);
    if (!is_small(memory))
        return __libc_realloc(memory, size);

    size_t present = slab_of(memory)->object_size;
    if (size <= present && class_of(size) == class_of(present))
        return memory;
    void *moved = malloc(size);
    if (!moved)
        return 0;
    memcpy(moved, memory, size < present ? size : present);
    free(memory);
    return moved;
}
