/* The steps of a call of a guest's function (function_call.h), whoever waits for it: a thread (function_call.c) or nobody
 * (awaited_call.c).  All under the scheduler's lock.
 */
#ifndef MOTTE_CALL_STEPS_H
#define MOTTE_CALL_STEPS_H

#include "function_call.h"
#include "process.h"

/* The process is the caller's, if it is nobody else's: CALL_RETURNED, or why not.  It is not given back before call_let_go. */
enum call_result call_acquire(const void *caller, struct guest_call *call);

/* It is anybody's again. */
void call_release(struct guest_call *call);

/* Until call_let_go the process is not given back. */
void call_hold(struct process *process);
void call_let_go(struct process *process);

/* The guest enters the function: on the thread of this visitor, if it can; NULL: with workers. */
enum call_result call_begin(struct worker *visitor, struct guest_call *call);

/* The same for a guest that has called a function of the host's, which has returned. */
enum call_result call_proceed(struct worker *visitor, struct guest_call *call);

/* The process is IDLE, OUTSIDE or EXITED: for those who wait for its functions, without a thread or for their turn. */
void call_tell(struct process *process);

/* What has become of it.  CALL_RETURNED is said once: the call has its results then, or is `raised`. */
enum call_result call_outcome(struct guest_call *call);

static inline enum process_state call_state(const struct process *process)
{
    return (enum process_state)atomic_load(&process->state);
}

#endif
