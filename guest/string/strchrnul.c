#include <features.h>
#include "search.h"

char *__strchrnul(const char *string, int byte)
{
    const char *block = align_down(string);
    uint64_t found = ends(load_aligned(block), byte) >> (string - block);

    if (found)
        return (char *)string + first_bit(found);
    do {
        block += VECTOR;
        found = ends(load_aligned(block), byte);
    } while (!found);
    return (char *)block + first_bit(found);
}
weak_alias(__strchrnul, strchrnul);
