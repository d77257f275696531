#include "search.h"

/* Bytes at which the comparison is decided: a difference, or the end of both. */
INLINE uint64_t decided(bytes512 a, bytes512 b)
{
    return bits_of((bytes512)((a != b) | (a == repeat(0))));
}

int strcmp(const char *a, const char *b)
{
    for (;;) {
        if (may_cross_page(a) || may_cross_page(b)) {
            if (*a != *b || !*a)
                return (uint8_t)*a - (uint8_t)*b;
            a++, b++;
        } else {
            uint64_t found = decided(load(a), load(b));
            if (found) {
                size_t at = first_bit(found);
                return (uint8_t)a[at] - (uint8_t)b[at];
            }
            a += VECTOR, b += VECTOR;
        }
    }
}
