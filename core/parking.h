/* Where one thread sleeps until it is called.
 *
 * A condition variable would do, but that whoever calls should not hold the lock at the moment of the wake-up: a thread
 * that is woken on the same CPU runs at once, finds the lock taken, and falls asleep again.  And whoever wakes after it has
 * let go of the lock may do so when the sleeper has ended and its memory is gone.  The kernel is given an address only, and
 * does not mind.
 *
 * Calls are made under a lock, after what they are made for.  The sleeper looks for that under the same lock, lets go of it,
 * and sleeps; a call in between is not lost.
 */
#ifndef MOTTE_PARKING_H
#define MOTTE_PARKING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum parking_state { PARKING_AWAKE, PARKING_ASLEEP, PARKING_CALLED };

struct parking {
    _Atomic uint32_t state; /* enum parking_state */
};

/* Under the lock: earlier calls are forgotten. */
void parking_forget_calls(struct parking *parking);

/* Under the lock.  True if the thread sleeps: parking_wake must follow, with or without the lock. */
bool parking_call(struct parking *parking);

/* Nothing is touched there: the address may be stale. */
void parking_wake(const struct parking *parking);

/* Without the lock: until it is called. */
void parking_sleep(struct parking *parking);

/* The same: 0; or -ETIMEDOUT once that moment (CLOCK_MONOTONIC; NULL: never) has passed, or -EINTR if a signal came first, and it
 * may be called all the same at any time. */
int parking_sleep_until(struct parking *parking, const struct timespec *end);

static inline bool parking_is_called(const struct parking *parking)
{
    return atomic_load_explicit(&parking->state, memory_order_acquire) == PARKING_CALLED;
}

#endif
