/* The ends of slices, where somebody waits: a thread that runs on another processor sees to them, if it comes in time.
 *
 * The problem.  What is expensive about a timer is to set it and to be interrupted by it, and both happen on the
 * processor where the guest runs.  On bare metal they take a microsecond or two.  In a virtual machine each setting of
 * the processor's timer is an exit to the host, and so is its expiry: together 16 µs were measured, which is 1.6 % of
 * a slice of a millisecond.  A signal from another processor costs the guest 5 µs.
 *
 * What fails.  A thread comes when the host lets it run.  On a machine whose processors are all busy with other
 * things it may come milliseconds late, and a slice lasts so much longer.  A worker's own timer cannot be late: while
 * it cannot expire, its worker does not run either.  But a timer that is set as well, for safety, costs what it was to
 * save.
 *
 * The answer.  One thread for all workers, the slice thread, aims at a moment a little before the end of a slice
 * (`lead`), so that it may be that late.  It also ends those other slices that would end soon (`together`), so that
 * workers fall into step, and one waking serves all; it never wakes more often than that, whatever guests do.  If it
 * came too late once, workers set their own timers for a while, and for twice as long the next time: exactness first.
 * Their own timers stay set for a moment much later (`grace`), behind the kernel's own tick, where setting them costs
 * next to nothing: nobody runs on for longer if the slice thread does not come at all.
 *
 * Short slices and the ends of credits are left to the workers' own timers (timers.h), as is everything if the host
 * refuses the thread.  Its work is the scheduler's own, and charged to nobody: two wakings in a millisecond at most.
 */
#ifndef MOTTE_SLICES_H
#define MOTTE_SLICES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct scheduler;
struct worker;

/* Of a scheduler, under its lock. All times are in ticks. */
struct slices {
    uint64_t lead, bearable, together, shortest, grace, near, own_first, own_longest; /* constant */
    uint64_t own_until; /* until then, workers' own timers end slices; UINT64_MAX: the host has refused the thread */
    uint64_t own_next;  /* how long they do so the next time */
    bool exists;
    pthread_t thread;
    int timer;             /* a descriptor, if the thread exists */
    uint64_t sleeps_until; /* what that is set for; a moment that is past: the thread is about to look */
};

void slices_prepare(struct slices *slices);

/* All under the scheduler's lock.  A turn of the worker begins, and others wait for it to end: at `slice_end`, which is
 * before `credit_end`.  Returns the moment for which its own timer has to be set. */
uint64_t slices_begin(struct worker *worker, uint64_t slice_end, uint64_t credit_end);

/* A visitor begins, and is to be interrupted at this moment, or soon after.  Only if there is a thread for it
 * (slices_prepare_watch): false if the host refuses one. */
bool slices_prepare_watch(struct scheduler *scheduler);
void slices_watch(struct worker *visitor, uint64_t moment);

/* If there is a thread for it: it looks at this moment, or before, at everything that it looks at. */
void slices_look_at(struct slices *slices, uint64_t moment);

/* The scheduler is closing: the thread ends. */
void slices_stop(struct slices *slices);

/* Without the lock, after that: waits until it has ended. */
void slices_join(struct slices *slices);

#endif
