#include "search.h"

size_t strlen(const char *string)
{
    const char *block = align_down(string);
    uint64_t end = equal(load_aligned(block), 0) >> (string - block);

    if (end)
        return first_bit(end);
    do {
        block += VECTOR;
        end = equal(load_aligned(block), 0);
    } while (!end);
    return (size_t)(block - string) + first_bit(end);
}
