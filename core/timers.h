/* Limits on time, kept by signals.
 *
 * The problem.  A limit on CPU time must stop a loop within milliseconds, and must cost a process nothing that waits.
 * The kernel looks at CPU-time timers only in its tick, so one of them is late by up to 10 ms.  A timer on the
 * monotonic clock is exact, but counts time in which the thread does not run, and would wake a waiting thread over
 * and over.
 *
 * The answer.  CPU time passes no faster than real time.  A CPU-time timer starts APPROACH before the limit and then
 * fires in every tick in which the thread runs; each time, an exact timer is set for what is left.  When that one
 * fires and the thread was not running all the time, it is set again, unless the thread waits: then the next tick
 * will do it.
 *
 * A stop must not be lost either, whatever the thread was doing when the signal came: where the signal handler cannot
 * leave the guest at once, it makes the exact timer repeat every millisecond until the process has left.
 *
 * Expiry is never taken on trust: a timer's signal makes the handler look at the clocks.
 */
#ifndef MOTTE_TIMERS_H
#define MOTTE_TIMERS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct process;
struct worker;

struct timers {
    timer_t exact, cpu, wall;
    bool exact_exists, cpu_exists, wall_exists;
};

/* Sets timers for the limits of worker->process. On the worker's thread. False if the host refuses one; then none is
 * left. */
bool timers_start(struct worker *worker);

/* On the same thread, before it loses its process. */
void timers_stop(struct worker *worker);

/* In the signal handler: asks worker->process to stop if a limit is met, else sets the exact timer where that is due.
 * `waiting`: the signal interrupted a host call that waits. */
void timers_look(struct worker *worker, const siginfo_t *information, bool waiting);

/* In the signal handler: sends the signal again, every millisecond, until timers_stop. */
void timers_insist(struct worker *worker);

uint64_t nanoseconds_since(clockid_t clock, struct timespec start);

#endif
