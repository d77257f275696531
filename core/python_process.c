#include "python_core.h"

#include <errno.h>

#include "awake.h"
#include "lifecycle.h"
#include "offers.h"
#include "process.h"

static PyObject *create(PyObject *class, PyObject *const *arguments, Py_ssize_t count)
{
    PyTypeObject *type = (PyTypeObject *)class;
    if (!python_require_host())
        return NULL;
    struct process *process = python_spawn(arguments, count);
    if (!process)
        return NULL;
    struct python_process *self = (struct python_process *)type->tp_alloc(type, 0);
    if (!self) {
        process_close(process);
        process_release(process);
        return NULL;
    }
    self->process = process;
    return (PyObject *)self;
}

static void close_without_gil(struct python_process *self)
{
    struct process *process = self->process;
    self->closed = true;
    process_retain(process);
    Py_BEGIN_ALLOW_THREADS
    process_close(process);
    Py_END_ALLOW_THREADS
    process_release(process);
}

static void finalize(PyObject *object)
{
    struct python_process *self = (struct python_process *)object;
    if (!self->process || self->closed || !process_is_here(self->process))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyErr_ResourceWarning(object, 1, "unclosed process %R", object) < 0)
        PyErr_WriteUnraisable(object);
    close_without_gil(self);
    PyErr_Restore(type, value, traceback);
}

/* A function of the host may well refer to the process that it was granted to. */
static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(((struct python_process *)object)->host_functions);
    return 0;
}

/* After finalize: no guest calls them any more. */
static int clear(PyObject *object)
{
    Py_CLEAR(((struct python_process *)object)->host_functions);
    return 0;
}

static void destroy(PyObject *object)
{
    if (PyObject_CallFinalizerFromDealloc(object) < 0)
        return;
    struct python_process *self = (struct python_process *)object;
    PyObject_GC_UnTrack(object);
    if (self->process)
        process_release(self->process);
    (void)clear(object);
    Py_TYPE(object)->tp_free(object);
}

struct process *python_open_process(PyObject *object)
{
    struct python_process *self = (struct python_process *)object;
    if (self->closed) {
        PyErr_SetString(python_errors.closed, "this process was closed");
        return NULL;
    }
    if (!process_is_here(self->process)) {
        PyErr_SetString(python_errors.bad_state, "this process belongs to the parent of a fork");
        return NULL;
    }
    return self->process;
}

static PyObject *begin(PyObject *self, int (*how)(struct process *))
{
    struct process *process = python_open_process(self);
    if (!process)
        return NULL;
    int result = how(process);
    if (result == -EBUSY)
        return PyErr_Format(python_errors.bad_state, "this process was started before");
    if (result < 0) {
        errno = -result;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

static PyObject *start(PyObject *self, PyObject *unused)
{
    (void)unused;
    return begin(self, process_start);
}

static PyObject *open_process(PyObject *self, PyObject *unused)
{
    (void)unused;
    return begin(self, process_open);
}

/* Python's signal handlers run between two waits; one that raises ends the waiting. */
static PyObject *wait_stopped(PyObject *self, PyObject *timeout)
{
    uint64_t timeout_ns;
    struct process *process = python_open_process(self);
    if (!process || !python_to_limit(timeout, &timeout_ns))
        return NULL;
    bool exited = atomic_load(&process->state) == PROCESS_EXITED;
    if (exited && timeout_ns)
        offer_note_wait(process);
    if (exited || timeout_ns == 0) /* a look: to wait for a moment that has passed costs the kernel 50 µs */
        return PyBool_FromLong(exited);
    process_retain(process);
    struct deadline deadline = deadline_after(timeout_ns);
    int result;
    Py_BEGIN_ALLOW_THREADS
    result = offer_accept(process, timeout_ns) || awake_for_end(process) ? 1 : -EINTR;
    Py_END_ALLOW_THREADS
    while (result == -EINTR && PyErr_CheckSignals() == 0) {
        Py_BEGIN_ALLOW_THREADS
        result = process_wait(process, deadline);
        Py_END_ALLOW_THREADS
    }
    process_release(process);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

static PyObject *kill_process(PyObject *self, PyObject *arguments)
{
    int reason = MOTTE_STOP_KILLED;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "|i:kill", &reason))
        return NULL;
    if (reason != MOTTE_STOP_KILLED && reason != MOTTE_STOP_CPU_LIMIT)
        return PyErr_Format(PyExc_ValueError, "a process is killed, or out of time");
    process_kill(process, (enum motte_stop)reason);
    Py_RETURN_NONE;
}

static PyObject *suspend_process(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(self);
    if (process && process_suspend(process) < 0)
        return PyErr_Format(python_errors.bad_state, "this process does not run");
    return process ? Py_NewRef(Py_None) : NULL;
}

static PyObject *resume_process(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(self);
    if (process && process_resume(process) < 0)
        return PyErr_Format(python_errors.bad_state, "this process does not run");
    return process ? Py_NewRef(Py_None) : NULL;
}

static PyObject *get_state(PyObject *self, PyObject *unused)
{
    static const char *const names[] = {
        [PROCESS_CREATED] = "created",
        [PROCESS_READY] = "ready",
        [PROCESS_RUNNING] = "running",
        [PROCESS_WAITING] = "waiting",
        [PROCESS_CALLING] = "calling",
        [PROCESS_RECEIVING] = "receiving",
        [PROCESS_FAULTED] = "faulted",
        [PROCESS_SUSPENDED] = "suspended",
        [PROCESS_IDLE] = "idle",
        [PROCESS_OUTSIDE] = "outside",
        [PROCESS_EXITED] = "exited",
    };
    (void)unused;
    if (((struct python_process *)self)->closed)
        return PyUnicode_FromString("closed");
    struct process *process = python_open_process(self);
    return process ? PyUnicode_FromString(names[atomic_load(&process->state)]) : NULL;
}

static PyObject *close_process(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_process *self = (struct python_process *)object;
    if (!self->closed)
        close_without_gil(self);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"create", (PyCFunction)(void (*)(void))create, METH_FASTCALL | METH_CLASS, PyDoc_STR("See motte.core.Process.")},
    {"start", start, METH_NOARGS, PyDoc_STR("Starts it, once.")},
    {"open", open_process, METH_NOARGS, PyDoc_STR("Its functions can be called; it is not started.")},
    {"wait", wait_stopped, METH_O, PyDoc_STR("Waits at most so many ns (None: for ever); whether it has stopped.")},
    {"kill", kill_process, METH_VARARGS, PyDoc_STR("Ends it, wherever it is: KILLED, or for another StopReason.")},
    {"suspend", suspend_process, METH_NOARGS, PyDoc_STR("It stands still from now on.")},
    {"resume", resume_process, METH_NOARGS, PyDoc_STR("It goes on where it stands.")},
    {"state", get_state, METH_NOARGS, PyDoc_STR("'closed', or a name of enum process_state.")},
    {"exit_status", python_process_exit_status, METH_NOARGS, PyDoc_STR("Of a process that exited; None for other ends.")},
    {"stop_fields", python_process_stop_fields, METH_NOARGS, PyDoc_STR("For motte.core.Process.stop.")},
    {"statistics_fields", python_process_statistics_fields, METH_NOARGS,
     PyDoc_STR("For motte.core.Process.statistics.")},
    {"callers", python_process_callers, METH_VARARGS, PyDoc_STR("For motte.core.Process.callers.")},
    {"grant_host_function", python_process_grant_host_function, METH_VARARGS, PyDoc_STR("(name, HostFunction)")},
    {"serve", python_process_serve, METH_NOARGS, PyDoc_STR("Runs the function of the host that it calls; if it does.")},
    {"serves_here", python_process_serves_here, METH_NOARGS,
     PyDoc_STR("Whether this thread runs a function of the host for it.")},
    {"output_streams", python_process_output_streams, METH_NOARGS,
     PyDoc_STR("Duplicates of the host's descriptors behind streams 1 and 2; or NOWHERE.")},
    {"want_events", python_process_want_events, METH_O, PyDoc_STR("Which events are posted: EVENT_ bits.")},
    {"question_fields", python_process_question_fields, METH_NOARGS, PyDoc_STR("For motte.core.Process.question.")},
    {"answer", python_process_answer, METH_VARARGS, PyDoc_STR("(number, ANSWER_…, ns to be charged)")},
    {"set_register", python_process_set_register, METH_VARARGS, PyDoc_STR("(number, which, value)")},
    {"reserve", python_process_reserve, METH_VARARGS, PyDoc_STR("(address, size): nothing else is mapped there.")},
    {"supply", python_process_supply, METH_VARARGS, PyDoc_STR("(number, address, size, bytes, writable)")},
    {"protect", python_process_protect, METH_VARARGS, PyDoc_STR("(number, address, size, writable)")},
    {"withdraw", python_process_withdraw, METH_VARARGS, PyDoc_STR("(number, address, size): the bytes.")},
    {"write_memory", python_process_write_memory, METH_VARARGS, PyDoc_STR("(number, address, bytes)")},
    {"read_memory", python_process_read_memory, METH_VARARGS, PyDoc_STR("Bytes of its window.")},
    {"read_memory_into", python_process_read_memory_into, METH_VARARGS, PyDoc_STR("(address, buffer)")},
    {"set_memory", python_process_set_memory, METH_VARARGS, PyDoc_STR("(address, bytes)")},
    {"receivers", python_process_receivers, METH_O,
     PyDoc_STR("(sender): how many capabilities it has to receive what is sent with that one; None while it runs.")},
    {"charge", python_process_charge, METH_O, PyDoc_STR("(nanoseconds): processor time that was spent for it.")},
    {"grant", python_process_grant, METH_VARARGS, PyDoc_STR("(name, capability): before the start.")},
    {"take_back", python_process_take_back, METH_VARARGS,
     PyDoc_STR("(name, capability): what has moved with a grant is the capability's again; before the start.")},
    {"close", close_process, METH_NOARGS, PyDoc_STR("Kills it and gives everything back.")},
    {NULL, NULL, 0, NULL},
};

static PyObject *has_host_functions(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(((struct python_process *)self)->host_functions != NULL);
}

static PyObject *get_identity(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(((struct python_process *)self)->process->identity);
}

static PyGetSetDef attributes[] = {
    {"has_host_functions", has_host_functions, NULL, PyDoc_STR("Whether it was granted some."), NULL},
    {"identity", get_identity, NULL, PyDoc_STR("A number that no other process ever has."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_process_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Process",
    .tp_doc = PyDoc_STR("One process; see motte.core.spawn."),
    .tp_basicsize = sizeof(struct python_process),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = destroy,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_finalize = finalize,
    .tp_methods = methods,
    .tp_getset = attributes,
};
