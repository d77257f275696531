#include "request.h"

long motte_timer(int timers, int channel, long delay, unsigned bits)
{
    struct motte_timer_request request = {delay > 0 ? delay : 0, bits, 0};
    unsigned long number;
    struct request call = {
        .bytes = &request,
        .size = sizeof request,
        .capabilities = &channel,
        .capability_count = 1,
        .result = &number,
        .result_size = sizeof number,
        .timeout = -1,
    };
    int result = __motte_request(timers, MOTTE_TIMER_SET, &call);
    return result < 0 ? result : (long)number;
}

int motte_timer_cancel(int timers, long timer)
{
    return __motte_request_size(timers, MOTTE_TIMER_CANCEL, timer);
}
