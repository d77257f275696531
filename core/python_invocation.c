#include "python_invocation.h"

#include "process.h"
#include "visit.h"
#include "worker.h"

/* --- waiting ----------------------------------------------------------------------------------------------------------- */

/* Ends a process whose function was given up: nobody knows in the middle of what it was. */
static void give_up(struct guest_call *call)
{
    bool interrupted;
    process_kill(call->process, MOTTE_STOP_KILLED);
    while (function_call_wait(call, deadline_after(UINT64_MAX), &interrupted) == CALL_GOES_ON) {
    }
}

static bool timed_out(const struct python_function *self)
{
    PyErr_Format(python_errors.timeout, "%U did not return in time: its process was ended", self->name);
    return false;
}

/* A call that workers go on with: false with an exception, and the process is ended. */
static bool wait_for_return(struct python_function *self, struct guest_call *call, struct deadline deadline,
                            enum call_result *result)
{
    bool interrupted, raised = false;
    do {
        Py_BEGIN_ALLOW_THREADS
        *result = function_call_wait(call, deadline, &interrupted);
        Py_END_ALLOW_THREADS
        raised = interrupted && PyErr_CheckSignals() < 0;
    } while (*result == CALL_GOES_ON && interrupted && !raised);
    if (*result != CALL_GOES_ON && !raised)
        return true;
    if (*result == CALL_GOES_ON) {
        Py_BEGIN_ALLOW_THREADS
        give_up(call);
        Py_END_ALLOW_THREADS
    }
    return raised ? false : timed_out(self);
}

static bool wait_for_turn(struct python_function *self, struct deadline deadline)
{
    bool interrupted, in_time;
    Py_BEGIN_ALLOW_THREADS
    in_time = function_call_wait_for_turn(self->owner->process, deadline, &interrupted);
    Py_END_ALLOW_THREADS
    if (interrupted && PyErr_CheckSignals() < 0)
        return false;
    if (!in_time)
        PyErr_Format(python_errors.timeout, "%U: another thread's call has not returned in time", self->name);
    return in_time;
}

/* --- the guest runs ---------------------------------------------------------------------------------------------------- */

/* The guest goes on with workers again, if need be: it has taken long before. */
static enum call_result serve(struct worker *visitor, struct guest_call *call)
{
    jmp_buf escape, *outer = python_set_escape(&escape);
    enum call_result result = CALL_FORKED;
    if (setjmp(escape) == 0) {
        function_call_serve(call);
        python_release_for_guest();
        result = function_call_continue(visitor, call);
        python_take_after_guest();
    }
    python_set_escape(outer);
    return result;
}

static enum call_result begin_with_host(struct worker *visitor, struct guest_call *call)
{
    jmp_buf escape, *outer = python_set_escape(&escape);
    enum call_result result = CALL_FORKED;
    if (setjmp(escape) == 0)
        result = function_call(visitor, call);
    python_set_escape(outer);
    return result;
}

static void note_duration(struct python_function *self, uint64_t ticks)
{
    self->usual_ticks += ticks / 8;
    self->usual_ticks -= self->usual_ticks / 8;
}

static enum call_result begin(struct python_function *self, struct worker *visitor, struct guest_call *call)
{
    enum call_result (*how)(struct worker *, struct guest_call *) =
        call->process->host ? begin_with_host : function_call;
    enum call_result result;
    if (self->usual_ticks < self->long_ticks) {
        result = how(visitor, call);
    } else {
        python_release_for_guest();
        result = how(visitor, call);
        python_take_after_guest();
    }
    if (result == CALL_RETURNED || result == CALL_GOES_ON)
        note_duration(self, visitor->turn_ended - visitor->dispatched);
    return result;
}

/* --- why it has not returned --------------------------------------------------------------------------------------------- */

/* What the end of a process means to who calls is for the package to say. */
static void raise_end(struct python_function *self, bool in_call)
{
    PyObject *result = self->ended ? PyObject_CallFunctionObjArgs(self->ended, self->name, in_call ? Py_True : Py_False, NULL)
                                   : NULL;
    Py_XDECREF(result);
    if (!PyErr_Occurred())
        PyErr_Format(python_errors.bad_state, "%U: its process has ended", self->name);
}

void invocation_refuse(struct python_function *self, enum call_result result)
{
    switch (result) {
    case CALL_ENDED:
    case CALL_HAD_ENDED:
        raise_end(self, result == CALL_ENDED);
        break;
    case CALL_NOT_NOW:
        PyErr_Format(python_errors.bad_state, "%U: this thread is in the middle of a call of the same process, or awaits one", self->name);
        break;
    case CALL_FORKED:
        PyErr_Format(python_errors.bad_state, "%U: a function of the host's has forked: the guest is the parent's", self->name);
        break;
    case CALL_TOO_DEEP:
        PyErr_Format(python_errors.too_deep, "%U: more than %d calls of the same process inside each other", self->name,
                     CALL_DEPTH_LIMIT);
        break;
    case CALL_NO_STACK:
        PyErr_Format(python_errors.limit_reached, "%U: the native stack has no room for another call", self->name);
        break;
    default:
        PyErr_Format(python_errors.bad_state, "%U: the process was started: it runs its main function", self->name);
    }
}

/* --- all of it ----------------------------------------------------------------------------------------------------------- */

/* False with an exception. */
static bool run(struct python_function *self, struct worker *visitor, struct guest_call *call, struct deadline deadline)
{
    enum call_result result;
    bool fine = true, keeps = call->acquired;
    while ((result = begin(self, visitor, call)) == CALL_BUSY)
        if (!wait_for_turn(self, deadline))
            return false;
    while (fine && (result == CALL_GOES_ON || result == CALL_OUTSIDE)) {
        if (result == CALL_GOES_ON)
            fine = wait_for_return(self, call, deadline, &result);
        else
            result = serve(visitor, call);
    }
    if (call->acquired && !keeps && result != CALL_FORKED)
        function_call_release(call);
    if (fine && result != CALL_RETURNED && !PyErr_Occurred())
        invocation_refuse(self, result);
    return fine && result == CALL_RETURNED && !call->raised;
}

static bool acquire(struct python_function *self, struct worker *visitor, struct guest_call *call, struct deadline deadline)
{
    enum call_result result;
    while ((result = function_call_acquire(visitor, call)) == CALL_BUSY)
        if (!wait_for_turn(self, deadline))
            return false;
    if (result != CALL_RETURNED)
        invocation_refuse(self, result);
    return result == CALL_RETURNED;
}

/* With things in the guest's memory: it is the calling thread's from before they are copied until after. */
static bool run_with_passed(struct python_function *self, struct worker *visitor, struct invocation *invocation)
{
    struct guest_call *call = &invocation->call;
    struct passed_objects *passed = &invocation->passed;
    if (!acquire(self, visitor, call, invocation->deadline))
        return false;
    bool fine = passed_copy_in(passed, call->process) && run(self, visitor, call, invocation->deadline)
             && passed_copy_back(passed, call->process);
    if (process_is_here(call->process)) {
        passed_leave(passed, call->process);
        function_call_release(call);
    }
    return fine;
}

bool invocation_run(struct python_function *self, struct invocation *invocation)
{
    struct worker *visitor = visitor_here();
    if (!visitor) {
        PyErr_NoMemory();
        return false;
    }
    const struct deadline *outer = python_set_deadline(&invocation->deadline);
    if (outer && deadline_is_before(outer, &invocation->deadline))
        invocation->deadline = *outer; /* it is called in a function of the host's, which has to return, too */
    bool fine = invocation->passed.count ? run_with_passed(self, visitor, invocation)
                                         : run(self, visitor, &invocation->call, invocation->deadline);
    python_set_deadline(outer);
    return fine;
}
