/* One timer for each worker: it ends a turn, unless somebody else does so before (slices.h).
 *
 * The problem.  A turn ends when its slice or its credit is used up; but most turns end by themselves, much earlier, and
 * setting a timer is a system call that costs more than a switch.
 *
 * The answer.  A timer that is set for a moment that turns out to be too early does no harm: the handler finds that
 * the turn is not over, and sets it again.  So a turn sets the timer only if it is not set, or set too late; in a
 * stream of short turns it expires once in a slice.  A worker whose turn may last for ever sets none.
 *
 * Others shorten a turn, under the scheduler's lock, by storing an earlier end and then setting the timer.  The handler may
 * set the timer at the same time: it looks at the end once more after that.
 *
 * Expiry is never taken on trust: the handler looks at the clock.
 */
#ifndef MOTTE_TIMERS_H
#define MOTTE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct timer {
    timer_t timer;
    bool exists;
    _Atomic uint64_t turn_end; /* ticks; UINT64_MAX: never */
    _Atomic uint64_t set_for;  /* likewise */
};

/* Sends our signal to this thread. False if the host refuses. */
bool timer_prepare(struct timer *timer, pid_t thread_id);
void timer_destroy(struct timer *timer);

/* The turn ends at this moment: on its own thread. */
void timer_end_turn_at(struct timer *timer, uint64_t ticks);

/* On its own thread: if it is set for a moment before this one, the turn that begins sets it anew. */
void timer_put_off(struct timer *timer, uint64_t ticks);

/* It ends earlier than it was to: from another thread, under the scheduler's lock. */
void timer_shorten_turn(struct timer *timer, uint64_t ticks);

/* In the signal handler: it expired. */
void timer_expired(struct timer *timer);

/* In the signal handler: whether the turn is over. If not, the timer is set for its end. */
bool timer_turn_is_over(struct timer *timer);

/* In the signal handler: the signal comes again in a millisecond. */
void timer_insist(struct timer *timer);

#endif
