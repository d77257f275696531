/* Staying awake for a moment, where what is waited for is about to come.
 *
 * The problem.  An empty process runs for less than a microsecond, and many requests to the host are answered in a few.  That a
 * worker falls asleep and is woken for what comes next, and that the thread at the other side is, takes 5 to 50 µs each: on a
 * virtual machine an idle processor is woken by an interrupt.
 *
 * What fails.  Waiting awake, always: a host with nothing to do would take a processor, and a guest that sleeps for a
 * little less than such a wait, over and over, would have the host work all the time and pay for none of it.
 *
 * The answer.  Waits that are bounded, and each bought by something that only the host does, or paid for:
 *   - a worker whose last turn was a process's end, or began with a message of the host's, waits for what the host does next:
 *     one that starts processes one by one, or calls one, is likely to do so again.  No guest can have that more often than the
 *     host has turned to it;
 *   - whoever waits for the end of a process that runs looks for a moment whether it ends at once;
 *   - a thread of the host that receives, or waits for an answer, looks for a moment whether it comes: once for each time that
 *     it waits.  What the services' thread spends so is paid for by whoever asks next (unpaid_time.py);
 *   - a process that has called the host waits for the answer in its own turn, which it pays for, unless somebody else
 *     wants that, or it owes more than it has: what the host has spent on it is charged when its turn is over.
 * Nobody waits so where the one it waits for was last seen on the same CPU, for that one needs it; nor for a worker that
 * has to be woken first.  The time is nobody's but where it says so.
 */
#ifndef MOTTE_AWAKE_H
#define MOTTE_AWAKE_H

#include <stdbool.h>

struct endpoint;
struct parking;
struct process;
struct scheduler;
struct worker;

/* For a worker on the idle list: returns once it was called, or after a moment.  Called under the lock, which it gives up
 * meanwhile. */
void awake_for_host(struct worker *worker);

/* The calling thread starts a process, or sends to one. */
void awake_note_start(struct scheduler *scheduler);

/* Whether the process has EXITED, perhaps a moment later; without the lock. */
bool awake_for_end(const struct process *process);

/* A guest turns to a thread of the host: on its worker. */
void awake_note_guest(struct scheduler *scheduler);

/* For a thread of the host, without the lock: returns once it was called, or after a moment. */
void awake_for_guest(struct scheduler *scheduler, const struct parking *parking);

/* Under the lock: whether a process that has called this endpoint, and waits, may do so in its turn.  Not on a thread of the
 * host's own: who answers may need what that holds. */
bool awake_may_wait(const struct process *process, const struct endpoint *endpoint);

/* The same process, without the lock: returns once its wait is over, or it is to leave its gate, or after a moment. */
void awake_for_answer(const struct process *process);

#endif
