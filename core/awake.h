/* Staying awake for a moment, where what is waited for is about to come.
 *
 * The problem.  An empty process runs for less than a microsecond.  That a worker falls asleep and is woken for it, and
 * that whoever waits for its end is, takes 5 to 50 µs each: on a virtual machine an idle processor is woken by an interrupt.
 *
 * What fails.  Waiting awake, always: a host with nothing to do would take a processor, and a guest that sleeps for a
 * little less than such a wait, over and over, would have the host work all the time and pay for none of it.
 *
 * The answer.  Two waits, each bounded, and each bought by something that only the host does:
 *   - a worker whose last turn was a process's end waits for the next start: one that starts processes one by one is
 *     likely to start another.  No guest can have more than one end;
 *   - whoever waits for the end of a process that runs looks for a moment whether it ends at once.
 * Neither waits where the one it waits for was last seen on the same CPU, for that one needs it; nor for a worker that
 * has to be woken first.  The time is nobody's.
 */
#ifndef MOTTE_AWAKE_H
#define MOTTE_AWAKE_H

#include <stdbool.h>

struct process;
struct scheduler;
struct worker;

/* For a worker on the idle list: returns once it was called, or after a moment.  Called under the lock, which it gives up
 * meanwhile. */
void awake_for_start(struct worker *worker);

/* The calling thread starts a process. */
void awake_note_start(struct scheduler *scheduler);

/* Whether the process has EXITED, perhaps a moment later; without the lock. */
bool awake_for_end(const struct process *process);

#endif
