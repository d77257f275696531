/* (time_t)-1 without a clock, as C has it. */
#include <time.h>

time_t time(time_t *result)
{
    struct timespec now = {-1};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}
