/* Clocks and sleeping. A guest sees the host's clocks; its CPU time is that of the thread that runs it. */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "calls.h"
#include "host_call.h"

/* The host's clock for a guest's, or -EINVAL. */
static int64_t host_clock(int32_t claimed_clock)
{
    switch (claimed_clock) {
    case CLOCK_PROCESS_CPUTIME_ID:
        return CLOCK_THREAD_CPUTIME_ID; /* the host process's own time is no business of the guest's */
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return claimed_clock;
    default:
        return -EINVAL;
    }
}

int64_t call_clock_gettime(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec now;
    int64_t clock = host_clock(argument_int(arguments[0]));
    if (clock < 0)
        return clock;
    clock_gettime((clockid_t)clock, &now);
    return argument_store(personality, arguments[1], &now, sizeof now);
}

int64_t call_clock_getres(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec resolution;
    int64_t clock = host_clock(argument_int(arguments[0]));
    if (clock < 0)
        return clock;
    clock_getres((clockid_t)clock, &resolution);
    return arguments[1] ? argument_store(personality, arguments[1], &resolution, sizeof resolution) : 0;
}

/* arguments: time, time zone (always UTC) */
int64_t call_gettimeofday(struct personality *personality, const uint64_t arguments[6])
{
    struct timeval now;
    const int32_t utc[2] = {0, 0};
    gettimeofday(&now, NULL);
    int64_t error = arguments[0] ? argument_store(personality, arguments[0], &now, sizeof now) : 0;
    return !error && arguments[1] ? argument_store(personality, arguments[1], utc, sizeof utc) : error;
}

int64_t call_time(struct personality *personality, const uint64_t arguments[6])
{
    int64_t now = time(NULL);
    int64_t error = arguments[0] ? argument_store(personality, arguments[0], &now, sizeof now) : 0;
    return error ? error : now;
}

/* Sleeps until a moment, so that being woken for other reasons does not prolong the sleep. */
static int64_t sleep_until(struct personality *personality, clockid_t clock, const struct timespec *moment)
{
    return HOST_CALL(personality, SYS_clock_nanosleep, clock, TIMER_ABSTIME, (long)moment);
}

static bool is_valid(const struct timespec *claimed)
{
    return claimed->tv_sec >= 0 && claimed->tv_nsec >= 0 && claimed->tv_nsec < 1000000000;
}

/* Only a stop ends a sleep early, so the time that remains is never written. */
static int64_t sleep_for(struct personality *personality, const struct timespec *duration)
{
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_nsec += duration->tv_nsec;
    int64_t carry = moment.tv_nsec >= 1000000000;
    moment.tv_nsec -= carry * 1000000000;
    if (__builtin_add_overflow(moment.tv_sec + carry, duration->tv_sec, &moment.tv_sec))
        moment.tv_sec = INT64_MAX;
    return sleep_until(personality, CLOCK_MONOTONIC, &moment);
}

int64_t call_nanosleep(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec duration;
    if (argument_fetch(personality, &duration, arguments[0], sizeof duration) != 0)
        return -EFAULT;
    return is_valid(&duration) ? sleep_for(personality, &duration) : -EINVAL;
}

/* arguments: clock, flags, request, remaining */
int64_t call_clock_nanosleep(struct personality *personality, const uint64_t arguments[6])
{
    int32_t clock = argument_int(arguments[0]);
    struct timespec request;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (argument_fetch(personality, &request, arguments[2], sizeof request) != 0)
        return -EFAULT;
    if (!is_valid(&request))
        return -EINVAL;
    return argument_int(arguments[1]) & TIMER_ABSTIME ? sleep_until(personality, clock, &request)
                                                      : sleep_for(personality, &request);
}

/* All CPU time is reported as user time. */
static struct timespec cpu_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used;
}

int64_t call_times(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec used = cpu_time(), now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t ticks[4] = {used.tv_sec * 100 + used.tv_nsec / 10000000};
    int64_t error = arguments[0] ? argument_store(personality, arguments[0], ticks, sizeof ticks) : 0;
    return error ? error : now.tv_sec * 100 + now.tv_nsec / 10000000;
}

/* The kernel's struct rusage: two times, then 14 counters that we leave at zero. */
int64_t call_getrusage(struct personality *personality, const uint64_t arguments[6])
{
    enum { SELF = 0, CHILDREN = -1, THREAD = 1 };
    int32_t who = argument_int(arguments[0]);
    if (who != SELF && who != CHILDREN && who != THREAD)
        return -EINVAL;
    struct timespec used = who == CHILDREN ? (struct timespec){0} : cpu_time();
    const int64_t usage[18] = {used.tv_sec, used.tv_nsec / 1000};
    return argument_store(personality, arguments[1], usage, sizeof usage);
}
