/* Timers would interrupt a process from outside, which nothing can. */

#include <errno.h>
#include <signal.h>
#include <time.h>

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
    errno = ENOSYS;
    return -1;
}
