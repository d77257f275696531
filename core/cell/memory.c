/* What the compiler may call without being asked to. */
#include <string.h>

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are its own */

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return start;
}

void *memset(void *to, int byte, size_t size)
{
    void *start = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return start;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
