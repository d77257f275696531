#include "search.h"

void *memchr(const void *memory, int byte, size_t size)
{
    const char *start = memory;
    const char *block = align_down(start);

    if (!size)
        return 0;
    /* Programs pass a size beyond what they own where they know that the byte will be found. */
    size_t left = (uintptr_t)start + size < size ? -(uintptr_t)block : size + (size_t)(start - block);
    uint64_t found = equal(load_aligned(block), byte) >> (start - block) << (start - block);
    while (!found && left > VECTOR) {
        block += VECTOR;
        left -= VECTOR;
        found = equal(load_aligned(block), byte);
    }
    if (!found || first_bit(found) >= left)
        return 0;
    return (char *)block + first_bit(found);
}
