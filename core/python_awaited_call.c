/* A call of a guest's function that an event loop awaits: what Function.begin_call() answers.
 *
 * proceed() does whatever can be done now, and says whether the call is over; if not, its Completions tell when to try again.
 * A function of the host that the guest calls is for a thread to run (serve), since it may take its time.  Then result(), or at
 * any time cancel(), which the end of the object does, too.
 */
#include "awaited_call.h"
#include "clock.h"
#include "process.h"
#include "python_invocation.h"
#include "python_ipc.h"
#include "python_watch.h"
#include "visit.h"

enum stage { IN_LINE, RUNS, IS_OVER };

struct python_awaited_call {
    PyObject_HEAD
    struct python_function *function;
    PyObject *completions, *arguments; /* a tuple, of what the invocation refers to */
    PyObject *error; /* that the call has come to: an exception; NULL */
    enum stage stage;
    enum call_result result;
    bool outside, requested; /* it waits for a function of the host's; which nobody has been told of yet */
    struct awaited_call awaited;
    struct invocation invocation;
};

static PyTypeObject awaited_call_type;

/* --- the end of it ------------------------------------------------------------------------------------------------------- */

static void keep_error(struct python_awaited_call *self)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (!type)
        return;
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_XSETREF(self->error, value);
    Py_DECREF(type);
    Py_XDECREF(traceback);
}

static void end(struct python_awaited_call *self, enum call_result result)
{
    self->stage = IS_OVER;
    self->result = result;
    passed_release(&self->invocation.passed);
}

/* The process is held. */
static void release(struct python_awaited_call *self)
{
    passed_leave(&self->invocation.passed, self->invocation.call.process);
    awaited_call_release(&self->awaited);
}

static void give_up(struct python_awaited_call *self)
{
    enum call_result result;
    Py_BEGIN_ALLOW_THREADS
    result = awaited_call_cancel(&self->awaited);
    Py_END_ALLOW_THREADS
    if (result == CALL_RETURNED)
        release(self);
    end(self, CALL_ENDED);
}

/* --- its way ------------------------------------------------------------------------------------------------------------- */

/* In a function of the host the call has a little longer: an exception was raised in that, and it is better if it ends. */
static int64_t left_ns(const struct python_awaited_call *self)
{
    const struct deadline *deadline = &self->invocation.deadline;
    if (!deadline->exists)
        return INT64_MAX;
    uint64_t at = (uint64_t)deadline->at.tv_sec * 1000000000 + (uint64_t)deadline->at.tv_nsec;
    return (int64_t)(at + (self->outside ? WATCH_GRACE_NS : 0) - monotonic_ns());
}

static void raise_late(struct python_awaited_call *self)
{
    static const char *const reasons[] = {
        "%U: the calls before it have not returned in time",
        "%U did not return in time: its process was ended",
        "%U did not return in time, but was in a function of the host's: its process was ended",
    };
    const char *reason = reasons[self->stage == IN_LINE ? 0 : self->outside ? 2 : 1];
    PyErr_Format(python_errors.timeout, reason, self->function->name);
    keep_error(self);
}

static void end_late(struct python_awaited_call *self)
{
    raise_late(self);
    give_up(self);
}

/* It is its turn. */
static void begin(struct python_awaited_call *self)
{
    struct invocation *invocation = &self->invocation;
    enum call_result result = CALL_ENDED;
    if (!invocation->passed.count || passed_copy_in(&invocation->passed, invocation->call.process))
        result = awaited_call_begin(&self->awaited);
    keep_error(self);
    self->stage = RUNS;
    if (result == CALL_GOES_ON)
        return;
    release(self);
    end(self, result);
}

static void finish(struct python_awaited_call *self)
{
    struct invocation *invocation = &self->invocation;
    if (!invocation->call.raised && !passed_copy_back(&invocation->passed, invocation->call.process))
        keep_error(self);
    release(self);
    end(self, CALL_RETURNED);
}

static void look(struct python_awaited_call *self)
{
    enum call_result result = awaited_call_look(&self->awaited);
    switch (result) {
    case CALL_RETURNED:
        finish(self);
        break;
    case CALL_ENDED: /* by the watch on functions of the host, perhaps, which is as quick as this is */
        if (left_ns(self) <= 0)
            raise_late(self);
        end(self, result);
        break;
    case CALL_OUTSIDE:
        self->requested = !self->outside;
        self->outside = true;
        break;
    default:
        break;
    }
}

static void stand_in_line(struct python_awaited_call *self)
{
    enum call_result result = awaited_call_acquire(&self->awaited);
    if (result == CALL_RETURNED)
        begin(self);
    else if (result != CALL_BUSY)
        end(self, result);
}

static bool is_here(const struct python_awaited_call *self)
{
    return process_is_here(self->invocation.call.process);
}

static PyObject *proceed(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    if (!is_here(self))
        return PyErr_Format(python_errors.bad_state, "this process belongs to the parent of a fork");
    if (self->stage == IN_LINE)
        stand_in_line(self);
    else if (self->stage == RUNS)
        look(self);
    if (self->stage != IS_OVER && left_ns(self) <= 0)
        end_late(self);
    return PyBool_FromLong(self->stage == IS_OVER);
}

/* --- functions of the host ----------------------------------------------------------------------------------------------- */

static PyObject *take_request(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    bool requested = self->requested;
    self->requested = false;
    return PyBool_FromLong(requested);
}

/* What it raises is kept before the loop is told: that takes it from here. */
static void run_host_function(struct python_awaited_call *self)
{
    function_call_serve(&self->invocation.call);
    keep_error(self);
    self->outside = false;
    awaited_call_served(&self->awaited);
}

static PyObject *serve(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    struct worker *visitor = is_here(self) ? visitor_here() : NULL;
    if (!visitor)
        return PyErr_NoMemory();
    jmp_buf escape, *outer = python_set_escape(&escape);
    const struct deadline *before = python_set_deadline(&self->invocation.deadline);
    bool forked = setjmp(escape) != 0;
    if (!forked && awaited_call_serves(&self->awaited, visitor))
        run_host_function(self);
    python_set_deadline(before);
    python_set_escape(outer);
    if (!forked)
        Py_RETURN_NONE;
    if (!PyErr_Occurred())
        invocation_refuse(self->function, CALL_FORKED);
    return NULL;
}

/* --- what Python sees ----------------------------------------------------------------------------------------------------- */

static PyObject *get_result(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    if (self->stage != IS_OVER)
        return PyErr_Format(python_errors.bad_state, "%U has not returned yet", self->function->name);
    if (self->error) {
        PyObject *error = self->error;
        self->error = NULL;
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
        return NULL;
    }
    if (self->result == CALL_RETURNED)
        return python_function_result(self->function, &self->invocation.call);
    invocation_refuse(self->function, self->result);
    return NULL;
}

static PyObject *cancel(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    if (self->stage != IS_OVER && is_here(self))
        give_up(self);
    Py_CLEAR(self->error);
    Py_RETURN_NONE;
}

static PyObject *get_seconds_left(PyObject *object, void *unused)
{
    (void)unused;
    const struct python_awaited_call *self = (struct python_awaited_call *)object;
    int64_t left = left_ns(self);
    if (left == INT64_MAX)
        Py_RETURN_NONE;
    return PyFloat_FromDouble(left > 0 ? (double)left / 1e9 : 0);
}

PyObject *python_function_begin_call(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    struct python_function *function = (struct python_function *)object;
    if (count < 1 || !PyObject_TypeCheck(arguments[0], &python_completions_type))
        return PyErr_Format(PyExc_TypeError, "begin_call() takes a Completions first");
    Py_ssize_t values = count - 1 + (keywords ? PyTuple_GET_SIZE(keywords) : 0);
    struct python_awaited_call *self = PyObject_New(struct python_awaited_call, &awaited_call_type);
    if (!self)
        return NULL;
    memset((char *)self + sizeof(PyObject), 0, offsetof(struct python_awaited_call, invocation) - sizeof(PyObject));
    self->function = (struct python_function *)Py_NewRef(object);
    self->completions = Py_NewRef(arguments[0]);
    self->awaited.call = &self->invocation.call;
    self->awaited.told.completions = &((struct python_completions *)arguments[0])->completions;
    self->awaited.told.holder = self;
    self->arguments = PyTuple_New(values);
    for (Py_ssize_t i = 0; self->arguments && i < values; i++)
        PyTuple_SET_ITEM(self->arguments, i, Py_NewRef(arguments[1 + i]));
    self->stage = IS_OVER; /* until it is more than its arguments */
    if (!python_function_place(function, arguments + 1, count - 1, keywords, &self->invocation) || !self->arguments) {
        Py_DECREF(self);
        return NULL;
    }
    self->stage = IN_LINE;
    return (PyObject *)self;
}

static void destroy(PyObject *object)
{
    struct python_awaited_call *self = (struct python_awaited_call *)object;
    if (self->stage != IS_OVER && is_here(self))
        give_up(self);
    if (self->awaited.told.link && is_here(self))
        completions_remove(&self->awaited.told);
    passed_release(&self->invocation.passed);
    Py_XDECREF(self->error);
    Py_XDECREF(self->arguments);
    Py_DECREF(self->completions);
    Py_DECREF(self->function);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef methods[] = {
    {"proceed", proceed, METH_NOARGS, PyDoc_STR("Does what can be done now: whether it is over.")},
    {"take_request", take_request, METH_NOARGS, PyDoc_STR("Whether serve() is to be called, once, on any thread.")},
    {"serve", serve, METH_NOARGS, PyDoc_STR("Runs the function of the host that the guest has called.")},
    {"result", get_result, METH_NOARGS, PyDoc_STR("What it has returned; or raises what came of it, once.")},
    {"cancel", cancel, METH_NOARGS, PyDoc_STR("Gives up; the process ends if the guest has begun.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"seconds_left", get_seconds_left, NULL, PyDoc_STR("Until it is late, and proceed() ends it; or None."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject awaited_call_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.AwaitedCall",
    .tp_doc = PyDoc_STR("A call of a guest's function that no thread waits for."),
    .tp_basicsize = sizeof(struct python_awaited_call),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = properties,
};

bool python_awaited_call_prepare(void)
{
    return PyType_Ready(&awaited_call_type) == 0;
}
