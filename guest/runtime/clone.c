/* New threads and processes: a guest has no way to make either. */

#include <errno.h>
#include "pthread_impl.h"

int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    return -ENOSYS;
}
