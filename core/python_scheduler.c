#include "python_core.h"

#include "events.h"
#include "ipc/endpoint.h"
#include "metering.h"
#include "process.h"
#include "scheduler.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"workers", "threads", "deep_sleep_ns", NULL};
    uint64_t workers, threads = THREADS_LIMIT, deep_sleep_ns = UINT64_MAX;
    if (!python_require_host()
        || !PyArg_ParseTupleAndKeywords(arguments, keywords, "O&|O&O&:Scheduler", names, python_to_u64, &workers,
                                        python_to_u64, &threads, python_to_limit, &deep_sleep_ns))
        return NULL;
    if (workers < 1 || workers > WORKERS_LIMIT)
        return PyErr_Format(PyExc_ValueError, "workers are from 1 to %d", WORKERS_LIMIT);
    if (threads < workers || threads > THREADS_LIMIT)
        return PyErr_Format(PyExc_ValueError, "threads are from the number of workers to %d", THREADS_LIMIT);
    struct python_scheduler *self = (struct python_scheduler *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->scheduler = scheduler_create((uint32_t)workers, (uint32_t)threads, deep_sleep_ns);
    if (self->scheduler)
        return (PyObject *)self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

static bool close_without_gil(struct python_scheduler *self)
{
    bool closed;
    Py_BEGIN_ALLOW_THREADS
    closed = scheduler_close(self->scheduler);
    Py_END_ALLOW_THREADS
    self->closed = self->closed || closed;
    return closed;
}

/* Whoever still uses the scheduler holds a reference: processes, meters. The last one ends the threads. */
static void destroy(PyObject *object)
{
    struct python_scheduler *self = (struct python_scheduler *)object;
    struct scheduler *scheduler = self->scheduler;
    if (scheduler) {
        Py_BEGIN_ALLOW_THREADS
        if (scheduler_is_here(scheduler))
            events_forget(scheduler);
        scheduler_release(scheduler);
        Py_END_ALLOW_THREADS
    }
    Py_TYPE(object)->tp_free(object);
}

static PyObject *close_scheduler(PyObject *object, PyObject *unused)
{
    (void)unused;
    if (!close_without_gil((struct python_scheduler *)object))
        return PyErr_Format(python_errors.bad_state, "the scheduler still has processes: close them first");
    Py_RETURN_NONE;
}

static PyObject *event_object(struct python_scheduler *self, struct event *event)
{
    if (event->meter) {
        PyObject *meter = python_meter_wrap(self->scheduler, event->meter);
        return meter ? Py_BuildValue("OiN", Py_None, 0, meter) : NULL;
    }
    uint64_t identity = event->process->identity;
    process_release(event->process);
    return Py_BuildValue("KIO", (unsigned long long)identity, (unsigned)event->kinds, Py_None);
}

/* Called by a thread that does nothing else, so that Python's signals are other threads' business. */
static PyObject *next_event(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"timeout_ns", NULL};
    struct python_scheduler *self = (struct python_scheduler *)object;
    uint64_t timeout_ns;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&:next_event", names, python_to_limit, &timeout_ns))
        return NULL;
    if (!scheduler_is_here(self->scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    struct event event;
    enum event_result result;
    Py_BEGIN_ALLOW_THREADS
    result = event_take(self->scheduler, &event, deadline_after(timeout_ns));
    Py_END_ALLOW_THREADS
    if (result == EVENT_TAKEN)
        return event_object(self, &event);
    if (result == EVENTS_CLOSED)
        return PyErr_Format(python_errors.closed, "the scheduler is closed");
    Py_RETURN_NONE;
}

static PyObject *get_root(PyObject *object, void *closure)
{
    (void)closure;
    struct scheduler *scheduler = ((struct python_scheduler *)object)->scheduler;
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    metering_retain(scheduler, scheduler->root);
    return python_meter_wrap(scheduler, scheduler->root);
}

static PyObject *get_workers(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(((struct python_scheduler *)object)->scheduler->turns);
}

static PyObject *get_deep_sleepers(PyObject *object, void *closure)
{
    (void)closure;
    const struct scheduler *scheduler = ((struct python_scheduler *)object)->scheduler;
    return PyLong_FromUnsignedLongLong(atomic_load(&scheduler->deep_sleep.sleepers));
}

/* Channels that draw from a bank which was destroyed; all of them: None. */
static PyObject *rescind(PyObject *object, PyObject *bank)
{
    struct scheduler *scheduler = ((struct python_scheduler *)object)->scheduler;
    if (bank != Py_None && !PyObject_TypeCheck(bank, &python_bank_type))
        return PyErr_Format(PyExc_TypeError, "expected a bank or None; got %s", Py_TYPE(bank)->tp_name);
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    endpoints_rescind(scheduler, bank == Py_None ? NULL : ((struct python_bank *)bank)->bank);
    Py_RETURN_NONE;
}

static PyObject *mailboxes_list(const struct mailbox *mailboxes, uint32_t count)
{
    PyObject *list = PyList_New(count);
    for (uint32_t i = 0; list && i < count; i++) {
        PyObject *fields = Py_BuildValue("KI", (unsigned long long)mailboxes[i].process, mailboxes[i].queued);
        if (fields)
            PyList_SET_ITEM(list, i, fields);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* More may come between the two looks: they are for the next call. */
static PyObject *get_mailboxes(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct scheduler *scheduler = ((struct python_scheduler *)object)->scheduler;
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    uint32_t room = endpoints_mailboxes(scheduler, NULL, 0);
    struct mailbox *mailboxes = PyMem_Calloc(room + 1, sizeof *mailboxes);
    if (!mailboxes)
        return PyErr_NoMemory();
    uint32_t count = endpoints_mailboxes(scheduler, mailboxes, room);
    PyObject *list = mailboxes_list(mailboxes, count < room ? count : room);
    PyMem_Free(mailboxes);
    return list;
}

static PyMethodDef methods[] = {
    {"close", close_scheduler, METH_NOARGS, PyDoc_STR("Ends its threads; BadState while processes are not closed.")},
    {"next_event", (PyCFunction)(void (*)(void))next_event, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Waits: (process identity, kinds, None), or (None, 0, a dry meter); None after the timeout.")},
    {"mailboxes", get_mailboxes, METH_NOARGS,
     PyDoc_STR("(process identity, messages) of each queue that is not empty, and that a process receives from.")},
    {"rescind", rescind, METH_O, PyDoc_STR("(bank or None): its channels end, or all of them.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"root", get_root, NULL, PyDoc_STR("The meter of all its time."), NULL},
    {"deep_sleepers", get_deep_sleepers, NULL, PyDoc_STR("How many processes sleep deeply at this moment."), NULL},
    {"workers", get_workers, NULL, PyDoc_STR("How many processes run at once."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_scheduler_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Scheduler",
    .tp_doc = PyDoc_STR("Worker threads for any number of processes."),
    .tp_basicsize = sizeof(struct python_scheduler),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = attributes,
};
