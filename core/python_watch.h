/* Functions of the host that take too long: an exception is raised in them.
 *
 * The problem.  A guest that runs can be stopped at any instruction.  A function of Python's that it has called cannot: it ends
 * when it returns, or when something raises an exception in its thread.
 *
 * The answer.  Who is in such a function stands on a list.  A thread looks at it every few milliseconds while there is something on
 * it: if the call's deadline has passed, or the process is to end, or has used up its time, the interpreter is asked to raise
 * an exception in that thread, at its next instruction of Python's.  A function that waits in the kernel sees it when that
 * returns, and nothing can be done about that; but nobody else waits for it: its process ends a moment after the deadline, and
 * whoever awaits the call, or waits for the process or for a turn with it, is told then.
 *
 * No exception goes astray: it is asked for under the interpreter's lock, while the function stands on the list; and whoever
 * takes it off, under the same lock, takes an exception back that has not been raised yet.
 */
#ifndef MOTTE_PYTHON_WATCH_H
#define MOTTE_PYTHON_WATCH_H

#include "lifecycle.h"
#include "python_core.h"

/* How much longer than its deadline such a function may take to end because of the exception, before its process does. */
enum { WATCH_GRACE_NS = 100000000 };

enum watch_verdict { WATCH_NOTHING, WATCH_LATE, WATCH_ENDS };

/* One call of one function, on the stack of its thread. */
struct watched {
    struct watched *next, **link;
    PyThreadState *state; /* of the thread that runs the function */
    struct process *process;
    struct deadline deadline;
    uint64_t since; /* ticks */
    enum watch_verdict verdict; /* an exception was asked for, and why */
};

/* Both with the interpreter's lock.  Nothing is watched if the host refuses the thread. */
void watch_begin(struct watched *watched, struct process *process, struct deadline deadline);
enum watch_verdict watch_end(struct watched *watched);

/* Whether the calling thread runs one for this process. */
bool watch_is_here(const struct process *process);

#endif
