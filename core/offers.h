/* A process that was started is offered to whoever has started it, if that thread is likely to wait for its end at once.
 *
 * The problem.  Who starts an empty process and waits for it needs two hand-overs, to a worker and back.  Where both threads are
 * awake, that is half of what the whole takes; where one has to be woken, several times as much.
 *
 * What fails.  To run a process on the thread that waits whenever nobody runs it yet: by then a worker has been told, and comes
 * just too late, or just in time to wait for the lock.  Not to tell a worker at all: the thread may do something else first, and
 * its process stands still meanwhile.
 *
 * The answer.  A thread that waited at once for the process that it started last is likely to do so again.  Its next process
 * gets ready and in line as always, but no worker is called for it: the process is offered.  The wait for its end finds it so,
 * and runs it on its own thread, as a visit (visit.h).  If that does not come after all, or does not want to, a worker
 * gets the process from the next of these:
 *   - whatever gives turns away: another start, the end of a turn, the end of a wait of anybody's;
 *   - a wait for its end that is not to last as long as a visit may;
 *   - the slice thread, 100 µs after the start (slices.h).
 * The thread has to wait at once for another one before it is believed again.  So whoever starts processes and does not wait
 * for them pays once, with 100 µs at most, which is what the waking of a worker may take.
 *
 * Fairness.  Such a visit is a turn like any other, but for the thread that it is run on.  It takes one of the scheduler's
 * turns, a free one, which the process would have been given at its start: where there is none, nothing is offered, and
 * nobody visits.  The meters lend and count as always; it ends with the slice, or earlier.  So nobody has more processor time or
 * has it sooner than if a worker had come at once, and there are never more guests running than there are turns.
 *
 * What can be done to a process can be done to one that is offered: it is READY, and in nobody's hands.  Whoever stops or
 * suspends it takes it out of its line, and there is nothing for a visit then, nor for a worker.
 *
 * Of processes with functions of the host's nothing is offered: these want the interpreter's lock, which a thread that waits has
 * given up.
 */
#ifndef MOTTE_OFFERS_H
#define MOTTE_OFFERS_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct scheduler;

/* Of a scheduler, under its lock. */
struct offer {
    uint64_t lasts, at_once; /* ticks; constant */
    uint64_t process;        /* its identity; 0: nothing is offered, or somebody was looked for meanwhile (schedule) */
    uint64_t ends;           /* ticks, if there is one: when a worker is looked for */
};

void offer_prepare(struct offer *offer);

/* Under the lock, of a process that has just been made READY: true if it is offered, and nobody has to be looked for. */
bool offer_make(struct process *process);

/* Without it: the start is over. */
void offer_note_start(const struct process *process);

/* Without it: the calling thread waits for the end, which may have come. True if it has started the process, and no other since. */
bool offer_note_wait(const struct process *process);

/* The same, for so long: it takes the offer, if it is made.  True if the process has EXITED. */
bool offer_accept(struct process *process, uint64_t timeout_ns);

#endif
