#include <sched.h>
#include <time.h>
#include "request.h"

void motte_yield(void)
{
    sched_yield();
}

void motte_sleep(long duration)
{
    struct timespec left = {duration / 1000000000, duration % 1000000000};
    if (duration > 0)
        while (nanosleep(&left, &left) < 0)
            ;
}
