/* Clears memory in a way that no optimiser may drop, although nobody reads it again. */

#define _BSD_SOURCE
#include <string.h>

void explicit_bzero(void *destination, size_t size)
{
    static void *(*volatile const fill)(void *, int, size_t) = memset;

    fill(destination, 0, size);
}
