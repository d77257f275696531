/* The clock thread: does what is due at a moment, whether or not a worker runs.
 *
 * Sleepers wake, wall limits end their processes, meters are replenished, who has waited for long sleeps deeply.  The thread exists from the first moment that
 * is set, sleeps until the next one, and costs nothing in between.  Whoever sets an earlier moment sets the thread's timer,
 * and does not wake it: it wakes once for each moment.
 */
#ifndef MOTTE_MOMENTS_H
#define MOTTE_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

struct scheduler;
struct timeout;

enum moment_kind { MOMENT_SLEEP_ENDS, MOMENT_WALL_LIMIT };

/* All under the scheduler's lock. False if the host refuses the thread. */
bool moments_set(struct scheduler *scheduler, struct timeout *timeout, uint64_t at);

/* The next moment may have come nearer: a meter was throttled, say. */
bool moments_look(struct scheduler *scheduler);

/* Moments will come for which nobody can report that the host refuses the thread: now somebody can. */
bool moments_prepare(struct scheduler *scheduler);

/* The scheduler is closing: the thread ends. */
void moments_stop(struct scheduler *scheduler);

/* Without the lock, after that: waits until it has ended. */
void moments_join(struct scheduler *scheduler);

#endif
