/* -1 without a clock. */
#include <sys/time.h>
#include <time.h>

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
    struct timespec now;
    if (!result)
        return 0;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *result = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
