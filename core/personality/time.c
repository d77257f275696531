/* Clocks and sleeping.  A guest sees the host's clocks, and its CPU time, as exactly as the clock that it was granted
 * allows: EPERM without one.  It may always sleep for so long; until when, is a question to a clock. */
#include <errno.h>
#include <sys/time.h>

#include "calls.h"
#include "clock.h"
#include "shown_time.h"
#include "sleep.h"

static bool is_own_cpu_time(int32_t clock)
{
    return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

static bool is_known(int32_t claimed_clock)
{
    switch (claimed_clock) {
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return true;
    default:
        return false;
    }
}

static const long coarse_ns = (long)MOTTE_COARSE_CLOCK_NS;

bool shows_time(const struct personality *personality)
{
    return source_clock_rights(personality->process) != 0;
}

static bool is_exact(const struct personality *personality)
{
    return source_clock_rights(personality->process) & MOTTE_CLOCK_EXACT;
}

struct timespec shown_time(const struct personality *personality, struct timespec time)
{
    if (!shows_time(personality))
        return (struct timespec){0};
    if (!is_exact(personality))
        time.tv_nsec -= time.tv_nsec % coarse_ns;
    return time;
}

/* All CPU time is reported as user time. */
static struct timespec cpu_time(struct personality *personality)
{
    return shown_time(personality, timespec_from_ns(process_cpu_ns(personality->process)));
}

static struct timespec host_time(const struct personality *personality, clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return shown_time(personality, now);
}

int64_t call_clock_gettime(struct personality *personality, const uint64_t arguments[6])
{
    int32_t clock = argument_int(arguments[0]);
    if (!is_known(clock))
        return -EINVAL;
    if (!shows_time(personality))
        return -EPERM;
    struct timespec now = is_own_cpu_time(clock) ? cpu_time(personality) : host_time(personality, clock);
    return argument_store(personality, arguments[1], &now, sizeof now);
}

int64_t call_clock_getres(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec resolution;
    int32_t clock = argument_int(arguments[0]);
    if (!is_known(clock))
        return -EINVAL;
    if (!shows_time(personality))
        return -EPERM;
    clock_getres(clock, &resolution);
    if (!is_exact(personality) && resolution.tv_sec == 0 && resolution.tv_nsec < coarse_ns)
        resolution.tv_nsec = coarse_ns;
    return arguments[1] ? argument_store(personality, arguments[1], &resolution, sizeof resolution) : 0;
}

/* arguments: time, time zone (always UTC) */
int64_t call_gettimeofday(struct personality *personality, const uint64_t arguments[6])
{
    const int32_t utc[2] = {0, 0};
    if (!shows_time(personality))
        return -EPERM;
    struct timespec shown = host_time(personality, CLOCK_REALTIME);
    struct timeval now = {.tv_sec = shown.tv_sec, .tv_usec = shown.tv_nsec / 1000};
    int64_t error = arguments[0] ? argument_store(personality, arguments[0], &now, sizeof now) : 0;
    return !error && arguments[1] ? argument_store(personality, arguments[1], utc, sizeof utc) : error;
}

int64_t call_time(struct personality *personality, const uint64_t arguments[6])
{
    if (!shows_time(personality))
        return -EPERM;
    int64_t now = host_time(personality, CLOCK_REALTIME).tv_sec;
    int64_t error = arguments[0] ? argument_store(personality, arguments[0], &now, sizeof now) : 0;
    return error ? error : now;
}

/* Nanoseconds, less than zero for never in this world. */
static int64_t nanoseconds(const struct timespec *time)
{
    int64_t total;
    bool overflow = __builtin_mul_overflow(time->tv_sec, INT64_C(1000000000), &total)
                 || __builtin_add_overflow(total, time->tv_nsec, &total);
    return overflow ? -1 : total;
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)nanoseconds(&now);
}

void sleep_for(struct personality *personality, const struct timespec *duration)
{
    int64_t length = duration ? nanoseconds(duration) : -1;
    process_sleep_until(personality->process,
                        length < 0 ? UINT64_MAX : now_ns(CLOCK_MONOTONIC) + (uint64_t)length);
}

/* How far away the moment is, is decided now: a clock that is set meanwhile does not change it. */
static void sleep_until(struct personality *personality, clockid_t clock, const struct timespec *moment)
{
    int64_t at = nanoseconds(moment);
    uint64_t now = now_ns(clock), here = now_ns(CLOCK_MONOTONIC);
    if (at < 0)
        process_sleep_until(personality->process, UINT64_MAX);
    else if ((uint64_t)at > now)
        process_sleep_until(personality->process, here + ((uint64_t)at - now));
}

static bool is_valid(const struct timespec *claimed)
{
    return claimed->tv_sec >= 0 && claimed->tv_nsec >= 0 && claimed->tv_nsec < 1000000000;
}

/* Only a stop ends a sleep early, so the time that remains is never written. */
int64_t call_nanosleep(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec duration;
    if (argument_fetch(personality, &duration, arguments[0], sizeof duration) != 0)
        return -EFAULT;
    if (!is_valid(&duration))
        return -EINVAL;
    sleep_for(personality, &duration);
    return 0;
}

/* arguments: clock, flags, request, remaining */
int64_t call_clock_nanosleep(struct personality *personality, const uint64_t arguments[6])
{
    int32_t clock = argument_int(arguments[0]);
    struct timespec request;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (argument_int(arguments[1]) & TIMER_ABSTIME && !shows_time(personality))
        return -EPERM;
    if (argument_fetch(personality, &request, arguments[2], sizeof request) != 0)
        return -EFAULT;
    if (!is_valid(&request))
        return -EINVAL;
    if (argument_int(arguments[1]) & TIMER_ABSTIME)
        sleep_until(personality, clock, &request);
    else
        sleep_for(personality, &request);
    return 0;
}


int64_t call_times(struct personality *personality, const uint64_t arguments[6])
{
    if (!shows_time(personality))
        return -EPERM;
    struct timespec used = cpu_time(personality), now = host_time(personality, CLOCK_MONOTONIC);
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
    if (!shows_time(personality))
        return -EPERM;
    struct timespec used = who == CHILDREN ? (struct timespec){0} : cpu_time(personality);
    const int64_t usage[18] = {used.tv_sec, used.tv_nsec / 1000};
    return argument_store(personality, arguments[1], usage, sizeof usage);
}
