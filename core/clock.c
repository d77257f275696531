#define _GNU_SOURCE
#include "clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_NS = 1000000000 };
static const uint64_t rate_interval_ns = 10000000; /* reading both clocks takes 100 ns: an error of 10^-5 at most */

struct clock_rate clock_rate;

static pthread_once_t measured = PTHREAD_ONCE_INIT;
static uint64_t first_ticks, first_ns;

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

uint64_t monotonic_ns(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

uint64_t thread_cpu_ns(void)
{
    return nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

static bool kernel_trusts_counter(void)
{
    char source[8] = {0};
    int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t length = read(file, source, sizeof source - 1);
    close(file);
    return length == 4 && memcmp(source, "tsc\n", 4) == 0;
}

void clock_prepare(void)
{
    clock_rate = (struct clock_rate){.counter = kernel_trusts_counter(), .ticks = 1, .ns = 1};
    first_ns = monotonic_ns();
    first_ticks = ticks_now();
}

static void measure(void)
{
    uint64_t ns = 0;
    if (!clock_rate.counter)
        return;
    while (ns < rate_interval_ns)
        ns = monotonic_ns() - first_ns;
    clock_rate.ticks = __rdtsc() - first_ticks;
    clock_rate.ns = ns;
}

void clock_ready(void)
{
    pthread_once(&measured, measure);
}

__extension__ typedef unsigned __int128 wide;

static uint64_t scaled(uint64_t value, uint64_t numerator, uint64_t denominator)
{
    wide product = (wide)value * numerator / denominator;
    return value == UINT64_MAX || product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}

uint64_t ticks_to_ns(uint64_t ticks)
{
    return scaled(ticks, clock_rate.ns, clock_rate.ticks);
}

uint64_t ns_to_ticks(uint64_t ns)
{
    return scaled(ns, clock_rate.ticks, clock_rate.ns);
}

uint64_t ticks_to_monotonic_ns(uint64_t ticks)
{
    uint64_t now = ticks_now(), until = ticks > now ? ticks_to_ns(ticks - now) : 0, here = monotonic_ns();
    return until > UINT64_MAX - here ? UINT64_MAX : here + until;
}
