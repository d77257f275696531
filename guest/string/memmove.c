#include "copy.h"

void *memmove(void *to, const void *from, size_t size)
{
    copy_bytes(to, from, size);
    return to;
}
