#define _GNU_SOURCE
#include "host_call.h"

#include <errno.h>
#include <fcntl.h>

/* Above the standard streams: whatever the host process closes and opens there is not ours. */
enum { LOWEST_HOST_DESCRIPTOR = 3 };

int64_t host_call(struct personality *personality, long number, const long arguments[6])
{
    for (;;) {
        int64_t result = interruptible_syscall(personality->process, number, arguments);
        if (result != -EINTR || process_stop_requested(personality->process))
            return result;
    }
}

int64_t host_wait(struct personality *personality, long number, const long arguments[6])
{
    return waiting_syscall(personality->process, number, arguments);
}

int host_duplicate(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST_HOST_DESCRIPTOR);
}
