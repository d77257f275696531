/* Visits: a thread of the host runs a process itself, for a moment.
 *
 * The problem.  Who calls a guest's function from Python waits for it anyway.  To hand the process to a worker, and to be
 * woken when it returns, costs a hundred times what a short function does.
 *
 * What fails.  To make the calling thread a worker like any other: it would have to block all signals that are not ours,
 * which is two system calls and longer than the function; it could not be interrupted while it waits in a system call
 * on behalf of the guest; and it would hold the interpreter's lock for as long as the guest likes.
 *
 * The answer.  The thread takes the process as it is, ready to run, and runs it for 2 ms at most.  Nearly all calls end by
 * then.  What does not, faults, is suspended, waits for a message, or makes a system call of the host's that may take long
 * leaves the guest with all of its state in its context, as at the end of any turn, and goes on with a worker; the thread
 * waits for it, and anything can be done meanwhile that can be done to a process.
 *
 * A visit is no turn: it takes none of the scheduler's, since it brings a thread of its own, and waits for nobody's end of a
 * slice.  But it is lent credit by the meters, and charged, to the tick, like one; where they have nothing to lend, or
 * little, there is no visit.  The slice thread ends those that last too long; without that thread there are none.
 *
 * Who waits for the end of a process that it has just started runs it as well, if that is to have a turn anyway (offers.h).  Such a
 * visit is in the place of a worker's turn; in all that follows they are alike.
 *
 * Signals.  A visitor blocks none.  The handlers of others run on the thread's alternate stack, as Python's do, with the
 * host's own FS base; so a program that reaches checked blocks, which runs with another one, is not visited.  A handler that
 * was installed for the current stack (without SA_ONSTACK) would write on the guest's native stack, where there may be no
 * room, and would leave addresses of the host's there.  So where there is one, there are no visits; this, and that our own
 * handlers are in place, is looked at once in a second.
 */
#ifndef MOTTE_VISIT_H
#define MOTTE_VISIT_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct worker;

enum { VISIT_LIMIT_NS = 2000000 };

/* The calling thread's own, made when it is asked for first, and gone when the thread ends; NULL if the host refuses what it
 * takes. Not for workers. */
struct worker *visitor_here(void);

/* Under the scheduler's lock.  A process that nobody runs, and that waits for nothing, is visited until it leaves the guest:
 * true, and its state says what became of it.  False, and it is in line for a worker's turn: no visit is possible. */
bool visit(struct worker *visitor, struct process *process);

/* The same of a process that is in line, in a free turn of the scheduler's (offers.h): it ends with the slice, too. */
bool visit_in_turn(struct worker *visitor, struct process *process);

/* A function of the host's that was called in a gate of a process that is visited: its result, which counts if the guest is
 * entered again. */
int64_t visit_host_call(struct process *process);

/* Such a function has been running since this moment: whether it is to end, for its process is; that ends if it has used up its
 * time, or somebody wants it to.  From any thread, while the process is held.  The process has ended then, even if the function
 * has not: its visitor finds out when it returns. */
bool visit_overstays(struct process *process, uint64_t since_ticks, bool ends);

/* In such a function, before the calling thread visits another process, or the same one for another call: the visit under way
 * ends, if there is one, and the process is OUTSIDE. Without the lock. */
void visit_interrupt(struct worker *visitor);

/* In a gate of a process that is visited: whether the kernel call may be made here, for it does not wait; and if not, how it
 * is left to a worker to make. */
bool visit_allows(uint32_t number, const uint64_t arguments[6]);
int64_t visit_defer(struct process *process, uint32_t number, const uint64_t arguments[6]);

#endif
