/* -1 without a clock. */
#include <sys/timeb.h>
#include <time.h>

int ftime(struct timeb *result)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *result = (struct timeb){.time = now.tv_sec, .millitm = now.tv_nsec / 1000000};
    return 0;
}
