/* Calls of guests' functions that no thread waits for: whoever has made one is told, through completions, when there is
 * something to be done, and looks.
 *
 *     awaited_call_acquire --> BUSY: it is in line, and told when it may try again
 *         |
 *       RETURNED: the process is its own, and is not given back; what the call points to is copied in
 *         |
 *     awaited_call_begin --> the guest runs with workers, like any process, and nobody holds it meanwhile
 *         |
 *     awaited_call_look --> GOES_ON; OUTSIDE: some thread serves it, see awaited_call_serves; ENDED
 *         |
 *       RETURNED: it is not given back again; what the call points to is copied back
 *         |
 *     awaited_call_release
 *
 * But for a function of the host, all is done by one thread at a time, in Python under the interpreter's lock.  A process may be
 * closed while such a call is under way, also by the very thread that would look: so nothing waits for that thread, and after
 * the end of the process nothing of it is touched but its structure.
 */
#ifndef MOTTE_AWAITED_CALL_H
#define MOTTE_AWAITED_CALL_H

#include <pthread.h>

#include "function_call.h"
#include "ipc/completions.h"

/* All zero but for the first two before.  What follows is under the scheduler's lock. */
struct awaited_call {
    struct guest_call *call;
    struct completion told;
    pthread_t thread; /* that has made it, and looks */
    struct awaited_call *next, *previous; /* in the line, which is a ring; NULL: not there */
    bool served; /* a thread runs a function of the host's for it */
};

enum call_result awaited_call_acquire(struct awaited_call *awaited);

/* CALL_GOES_ON, or why not: it is to be released then. */
enum call_result awaited_call_begin(struct awaited_call *awaited);

enum call_result awaited_call_look(struct awaited_call *awaited);

/* After CALL_OUTSIDE, on any thread: false if the call is over meanwhile; else function_call_serve and awaited_call_served
 * follow, and the guest goes on, or whoever looks is told that the function has raised. */
bool awaited_call_serves(struct awaited_call *awaited, struct worker *visitor);
void awaited_call_served(struct awaited_call *awaited);

/* It has its results, or could not begin. */
void awaited_call_release(struct awaited_call *awaited);

/* Nobody wants it any more.  In line, it leaves that.  CALL_RETURNED if the function has returned just
 * now: it is to be released.  Of one that has not the process ends, and has ended when this returns. */
enum call_result awaited_call_cancel(struct awaited_call *awaited);

/* --- for the core, under the scheduler's lock ----------------------------------------------------------------------------- */

/* The process is IDLE, OUTSIDE or EXITED. */
void awaited_call_tell(struct process *process);

/* It is nobody's: the first in line may try. */
void awaited_call_tell_next(struct process *process);

/* Whether a call is under way that the calling thread has made and does not wait for: if it waited for its end now, it would for ever. */
bool awaited_call_is_ours(const struct process *process);

#endif
