#include <features.h>
#include "search.h"

/* Bytes that are `byte` or the terminator. */
INLINE uint64_t hits(bytes512 bytes, int byte)
{
    return bits_of((bytes512)((bytes == repeat(byte)) | (bytes == repeat(0))));
}

char *__strchrnul(const char *string, int byte)
{
    const char *block = align_down(string);
    uint64_t found = hits(load_aligned(block), byte) >> (string - block);

    if (found)
        return (char *)string + first_bit(found);
    do {
        block += VECTOR;
        found = hits(load_aligned(block), byte);
    } while (!found);
    return (char *)block + first_bit(found);
}
weak_alias(__strchrnul, strchrnul);
