#include <malloc.h>
#include "general.h"
#include "small_objects.h"

size_t malloc_usable_size(void *memory)
{
    if (!memory)
        return 0;
    return is_small(memory) ? slab_of(memory)->object_size : block_size(block_of(memory)) - HEADER_SIZE;
}
