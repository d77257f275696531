/* Time as the core counts it: in ticks that cost next to nothing to read.
 *
 * The problem.  Every stretch of a process's execution is timed at both ends.  The kernel's clock of a thread costs a
 * system call, as much as ten switches; the monotonic clock costs half a switch.
 *
 * The answer.  The CPU's time-stamp counter, where the kernel itself trusts it (its clock source is "tsc": it runs at
 * one rate, together on all CPUs); otherwise the monotonic clock in nanoseconds.  The rate is measured, not asked for:
 * from the loading of the core until the first use, at least RATE_INTERVAL.
 */
#ifndef MOTTE_CLOCK_H
#define MOTTE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

struct clock_rate {
    bool counter;      /* ticks are the time-stamp counter's; else nanoseconds */
    uint64_t ticks, ns; /* that went by together while the rate was measured */
};
extern struct clock_rate clock_rate; /* constant once clock_ready() was called */

/* Called when the core is loaded. */
void clock_prepare(void);

/* Called before ticks are converted: completes the measurement. */
void clock_ready(void);

uint64_t monotonic_ns(void);

static inline struct timespec timespec_from_ns(uint64_t ns)
{
    const uint64_t second = 1000000000;
    return (struct timespec){.tv_sec = (time_t)(ns / second), .tv_nsec = (long)(ns % second)};
}

/* CPU time of the calling thread. */
uint64_t thread_cpu_ns(void);

static inline uint64_t ticks_now(void)
{
    return clock_rate.counter ? __rdtsc() : monotonic_ns();
}

/* Both saturate: UINT64_MAX means never, or no limit. */
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t ns_to_ticks(uint64_t ns);

/* The moment on the monotonic clock at which ticks_now() will be `ticks`; now if that is past. */
uint64_t ticks_to_monotonic_ns(uint64_t ticks);

#endif
