#include "python_core.h"

#include <errno.h>

#include "bank.h"
#include "clock.h"
#include "scheduler.h"
#include "trace.h"

enum { BATCH = 256 };

struct python_trace {
    PyObject_HEAD
    PyObject *scheduler; /* which outlives it */
    struct trace *trace; /* NULL once closed */
};

static struct python_trace *self_of(PyObject *object)
{
    return (struct python_trace *)object;
}

static struct scheduler *scheduler_of(const struct python_trace *self)
{
    return ((struct python_scheduler *)self->scheduler)->scheduler;
}

static void stop(struct python_trace *self)
{
    if (self->trace)
        trace_stop(self->trace);
    self->trace = NULL;
}

static void destroy(PyObject *object)
{
    stop(self_of(object));
    Py_CLEAR(self_of(object)->scheduler);
    Py_TYPE(object)->tp_free(object);
}

static bool start(struct python_trace *self, struct bank *bank, uint64_t records, const struct trace_subjects *subjects)
{
    int result = trace_start(scheduler_of(self), bank, (uint32_t)records, subjects, &self->trace);
    if (result < 0)
        python_raise_host_error(result, "the bank has no room for the trace", bank);
    return result == 0;
}

/* False with an exception. */
static bool parse_processes(PyObject *processes, struct trace_subjects *subjects)
{
    Py_ssize_t count = PyTuple_GET_SIZE(processes);
    if (count > TRACE_PROCESSES_LIMIT) {
        PyErr_Format(PyExc_ValueError, "a trace is of at most %d processes, or of all", TRACE_PROCESSES_LIMIT);
        return false;
    }
    subjects->process_count = (uint32_t)count;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!python_to_u64(PyTuple_GET_ITEM(processes, i), &subjects->processes[i]))
            return false;
    return true;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"scheduler", "bank", "records", "kinds", "processes", NULL};
    struct trace_subjects subjects = {.kinds = UINT32_MAX};
    PyObject *scheduler, *processes = NULL;
    struct python_bank *bank;
    uint64_t records;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!O&|IO!:Trace", names, &python_scheduler_type, &scheduler,
                                     &python_bank_type, &bank, python_to_u64, &records, &subjects.kinds, &PyTuple_Type,
                                     &processes))
        return NULL;
    if (processes && !parse_processes(processes, &subjects))
        return NULL;
    if (records < 1 || records > TRACE_RECORDS_LIMIT)
        return PyErr_Format(PyExc_ValueError, "records are from 1 to %d", TRACE_RECORDS_LIMIT);
    if (!scheduler_is_here(((struct python_scheduler *)scheduler)->scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    struct python_trace *self = (struct python_trace *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->scheduler = Py_NewRef(scheduler);
    if (start(self, bank->bank, records, &subjects))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

/* NULL with an exception. */
static struct trace *open_trace(PyObject *object)
{
    struct python_trace *self = self_of(object);
    if (!self->trace)
        PyErr_SetString(python_errors.closed, "the trace is closed");
    else if (!scheduler_is_here(scheduler_of(self)))
        PyErr_SetString(python_errors.bad_state, "this trace belongs to the parent of a fork");
    else
        return self->trace;
    return NULL;
}

/* The same moment on both clocks: what was before it is told on the monotonic one. */
struct moment {
    uint64_t ticks, ns;
};

static bool append(PyObject *list, const struct trace_record *record, struct moment now)
{
    uint64_t ago = now.ticks > record->ticks ? ticks_to_ns(now.ticks - record->ticks) : 0;
    PyObject *fields =
        Py_BuildValue("KIKKKKi", (unsigned long long)record->number, record->kind, (unsigned long long)record->process,
                      (unsigned long long)(now.ns - ago), (unsigned long long)record->value,
                      (unsigned long long)record->subject, record->thread);
    bool appended = fields && PyList_Append(list, fields) == 0;
    Py_XDECREF(fields);
    return appended;
}

/* What is recorded meanwhile is for the next call. */
static PyObject *take(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct trace *trace = open_trace(object);
    PyObject *list = trace ? PyList_New(0) : NULL;
    if (!list)
        return NULL;
    struct moment now = {ticks_now(), monotonic_ns()};
    struct trace_record records[BATCH];
    for (uint32_t rest = trace_count(trace); rest;) {
        uint32_t count = trace_take(trace, records, rest < BATCH ? rest : BATCH);
        for (uint32_t i = 0; i < count; i++) {
            if (!append(list, &records[i], now)) {
                Py_DECREF(list);
                return NULL;
            }
        }
        rest -= count;
    }
    return list;
}

static PyObject *close_trace(PyObject *object, PyObject *unused)
{
    (void)unused;
    stop(self_of(object));
    Py_RETURN_NONE;
}

static PyObject *await_records(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct trace *trace = open_trace(object);
    return trace ? PyBool_FromLong(trace_await(trace)) : NULL;
}

static PyObject *get_descriptor(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct trace *trace = open_trace(object);
    return trace ? PyLong_FromLong(trace_descriptor(trace)) : NULL;
}

static PyObject *get_lost(PyObject *object, void *closure)
{
    (void)closure;
    struct trace *trace = open_trace(object);
    return trace ? PyLong_FromUnsignedLongLong(trace_lost(trace)) : NULL;
}

static PyMethodDef methods[] = {
    {"take", take, METH_NOARGS,
     PyDoc_STR("The records so far, which it forgets: (number, kind, process identity, monotonic ns, value, subject, thread).")},
    {"fileno", get_descriptor, METH_NOARGS, PyDoc_STR("A descriptor that is readable after await_records() has said no, once there are some.")},
    {"await_records", await_records, METH_NOARGS,
     PyDoc_STR("Whether there are records; if not, the descriptor will be readable when there are.")},
    {"close", close_trace, METH_NOARGS, PyDoc_STR("Ends it. Idempotent.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"lost", get_lost, NULL, PyDoc_STR("How many records found no room."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_trace_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Trace",
    .tp_doc = PyDoc_STR("What a scheduler does, from now on."),
    .tp_basicsize = sizeof(struct python_trace),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = attributes,
};
