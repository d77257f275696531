#include <errno.h>
#include <stdlib.h>
#include "general.h"

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!alignment || alignment & (alignment - 1)) {
        errno = EINVAL;
        return 0;
    }
    return alignment <= 16 ? malloc(size) : __motte_allocate(size, alignment, 0);
}
