#include "search.h"

char *strchr(const char *string, int byte)
{
    const char *block = align_down(string);
    uint64_t found = ends(load_aligned(block), byte) >> (string - block);
    const char *hit = string + first_bit(found);

    if (!found) {
        do {
            block += VECTOR;
            found = ends(load_aligned(block), byte);
        } while (!found);
        hit = block + first_bit(found);
    }
    return *hit == (char)byte ? (char *)hit : 0;
}
