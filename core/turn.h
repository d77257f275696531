/* A turn: a worker runs a process, until that leaves the guest for a reason of its own or of others.
 *
 * What can end a turn, and what becomes of the process then:
 *     the slice or the credit is used up, others want to run, it yields     READY
 *     a stop is requested, by anybody; its own budget is used up            EXITED
 *     it sleeps                                                             WAITING
 *     it asks a keeper (keeping.h)                                          FAULTED
 *     somebody suspends it                                                  SUSPENDED
 *     it makes a system call of the host's that waits                       CALLING: its gate goes on later, on this thread
 *     a function that the host has called returns                           IDLE
 *     it calls a function of the host's                                     OUTSIDE
 *
 * A trap that can be settled at once, as the growth of a stack, ends no turn.
 */
#ifndef MOTTE_TURN_H
#define MOTTE_TURN_H

struct worker;

/* Under the scheduler's lock, which is not held meanwhile: runs the process that is assigned to the calling worker, and
 * then whose turn it is next, and so on, until there is nobody.  It does not return in between: see guest_run. */
void turns_run(struct worker *worker);

/* For visitors: one turn of the process that is assigned, and no more; or only the beginning of another one, in a gate of that
 * process. */
void turn_take(struct worker *worker);
void turn_begin(struct worker *worker);

/* The calling thread cannot be a worker: what was assigned to it is for others, or ends if there are none. */
void turn_refuse(struct worker *worker);

#endif
