#include <errno.h>
#include <sched.h>
#include <sys/random.h>
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

long motte_clock(int which)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID};
    struct timespec now;
    if (which < 0 || which >= sizeof clocks / sizeof *clocks)
        return -MOTTE_REQUEST_ERROR;
    if (clock_gettime(clocks[which], &now) < 0)
        return -MOTTE_NO_ACCESS;
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

int motte_random(void *bytes, unsigned long size)
{
    unsigned long done = 0;
    while (done < size) {
        ssize_t more = getrandom((char *)bytes + done, size - done, 0);
        if (more >= 0)
            done += more;
        else if (errno != EINTR)
            return errno == EFAULT ? -MOTTE_BAD_ADDRESS : -MOTTE_NO_ACCESS;
    }
    return 0;
}
