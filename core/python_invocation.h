/* One call of a Function: its arguments are words already, or objects that are still to be copied into the guest.
 *
 * The interpreter's lock.  To give it up and to take it again costs as much as a short function does, and where other threads
 * compute, getting it back may take five milliseconds.  To keep it while a guest runs keeps all other threads waiting.  So a
 * function that has returned soon, as a rule, is called with the lock held: for as long as a visit lasts at most (visit.h), and
 * then it is given up like for any other.  A function that usually takes longer than `long_ticks` gives it up before.
 */
#ifndef MOTTE_PYTHON_INVOCATION_H
#define MOTTE_PYTHON_INVOCATION_H

#include "function_call.h"
#include "python_function.h"
#include "python_passed.h"

/* A call, and what it points to. */
struct invocation {
    struct guest_call call;
    struct deadline deadline;
    struct passed_objects passed;
};

/* Its arguments, by position and by name (NULL: none); false with an exception.  Either way passed_release is due. The objects
 * live until then. */
bool python_function_place(struct python_function *self, PyObject *const *arguments, Py_ssize_t given, PyObject *keywords,
                           struct invocation *invocation);

/* Until the function has returned; false with an exception if it has not, or something went wrong on the way. */
bool invocation_run(struct python_function *self, struct invocation *invocation);

/* Raises what it means that it has not. */
void invocation_refuse(struct python_function *self, enum call_result result);

/* What it has returned. */
PyObject *python_function_result(const struct python_function *self, const struct guest_call *call);

#endif
