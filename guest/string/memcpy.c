#include "copy.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_bytes(to, from, size);
    return to;
}
