#include "host_call.h"

#include <errno.h>

int64_t host_call(struct personality *personality, long number, const long arguments[6])
{
    for (;;) {
        int64_t result = interruptible_syscall(personality->process, number, arguments[0], arguments[1], arguments[2],
                                               arguments[3], arguments[4], arguments[5]);
        if (result != -EINTR || process_stop_requested(personality->process))
            return result;
    }
}
