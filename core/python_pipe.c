/* Pipes in Python: the host's ends of the standard streams of guests (streams/pipe.h).
 *
 * Nothing waits here but wait(), without the GIL.  watch() is for event loops: it answers a Watch at once, of which the
 * completions tell once the side may be ready. */
#include "python_ipc.h"

#include <errno.h>

#include "scheduler.h"
#include "streams/pipe.h"

struct python_pipe {
    PyObject_HEAD
    struct scheduler *scheduler; /* with a reference: of all processes at the pipe */
    struct pipe *pipe;
    bool has[2]; /* by side: an end of its own */
};

struct python_watch {
    PyObject_HEAD
    struct python_pipe *pipe;
    PyObject *completions;
    struct pipe_waiter waiter;
    struct completion completion;
    bool over;
};

static PyTypeObject watch_type;

/* --- pipes ------------------------------------------------------------------------------------------------------------ */

static struct python_pipe *wrap(struct scheduler *scheduler, struct pipe *pipe)
{
    struct python_pipe *self = (struct python_pipe *)python_pipe_type.tp_alloc(&python_pipe_type, 0);
    if (!self) {
        pipe_release(pipe);
        return NULL;
    }
    scheduler_retain(scheduler);
    self->scheduler = scheduler;
    self->pipe = pipe;
    return self;
}

static void take_end(struct python_pipe *self, enum pipe_side side)
{
    pipe_attach(self->pipe, side);
    self->has[side] = true;
}

PyObject *python_pipe_wrap(struct scheduler *scheduler, struct pipe *pipe)
{
    struct python_pipe *self = wrap(scheduler, pipe);
    if (self)
        take_end(self, PIPE_WRITES);
    return (PyObject *)self;
}

static bool is_here(const struct python_pipe *self)
{
    if (scheduler_is_here(self->scheduler))
        return true;
    PyErr_SetString(python_errors.bad_state, "this pipe belongs to the parent of a fork");
    return false;
}

struct pipe *python_pipe_of(PyObject *object, const struct scheduler *scheduler)
{
    struct python_pipe *self = (struct python_pipe *)object;
    if (self->scheduler == scheduler)
        return self->pipe;
    PyErr_SetString(PyExc_ValueError, "this pipe belongs to another machine");
    return NULL;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"scheduler", "capacity", "reads", "writes", NULL};
    struct python_scheduler *scheduler;
    uint64_t capacity;
    int reads, writes;
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O&pp:Pipe", names, &python_scheduler_type, &scheduler,
                                     python_to_limit, &capacity, &reads, &writes))
        return NULL;
    struct pipe *pipe = pipe_create(capacity);
    if (!pipe)
        return PyErr_NoMemory();
    struct python_pipe *self = wrap(scheduler->scheduler, pipe);
    if (self && reads)
        take_end(self, PIPE_READS);
    if (self && writes)
        take_end(self, PIPE_WRITES);
    return (PyObject *)self;
}

static void close_end(struct python_pipe *self, enum pipe_side side)
{
    if (self->has[side] && scheduler_is_here(self->scheduler))
        pipe_detach(self->pipe, side, false);
    self->has[side] = false;
}

static void destroy(PyObject *object)
{
    struct python_pipe *self = (struct python_pipe *)object;
    close_end(self, PIPE_READS);
    close_end(self, PIPE_WRITES);
    if (scheduler_is_here(self->scheduler))
        pipe_release(self->pipe);
    scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *close_pipe(PyObject *object, PyObject *unused)
{
    (void)unused;
    close_end((struct python_pipe *)object, PIPE_READS);
    close_end((struct python_pipe *)object, PIPE_WRITES);
    Py_RETURN_NONE;
}

static bool can(struct python_pipe *self, enum pipe_side side)
{
    if (self->has[side])
        return is_here(self);
    PyErr_SetString(python_errors.closed, "this end of the pipe is closed");
    return false;
}

/* --- reading and writing ---------------------------------------------------------------------------------------------- */

/* Where nothing is held, the attempt to read one byte says why, or finds what has come meanwhile. */
static PyObject *read_bytes(PyObject *object, PyObject *argument)
{
    struct python_pipe *self = (struct python_pipe *)object;
    uint64_t most;
    if (!can(self, PIPE_READS) || !python_to_u64(argument, &most))
        return NULL;
    uint64_t held = pipe_held(self->pipe), size = held ? held : 1;
    size = size < most ? size : most;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!bytes)
        return NULL;
    int64_t moved = pipe_read(self->pipe, PyBytes_AS_STRING(bytes), size);
    if (moved == -EAGAIN) {
        Py_DECREF(bytes);
        Py_RETURN_NONE;
    }
    if (moved < (int64_t)size)
        _PyBytes_Resize(&bytes, (Py_ssize_t)moved);
    return bytes;
}

static PyObject *write_bytes(PyObject *object, PyObject *argument)
{
    struct python_pipe *self = (struct python_pipe *)object;
    Py_buffer bytes;
    if (!can(self, PIPE_WRITES) || PyObject_GetBuffer(argument, &bytes, PyBUF_SIMPLE) < 0)
        return NULL;
    int64_t moved = pipe_write(self->pipe, bytes.buf, (size_t)bytes.len);
    PyBuffer_Release(&bytes);
    if (moved == -EAGAIN)
        moved = 0;
    if (moved == -ENOMEM)
        return PyErr_NoMemory();
    if (moved < 0) {
        errno = (int)-moved;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLongLong(moved);
}

static PyObject *finish(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_pipe *self = (struct python_pipe *)object;
    if (!is_here(self))
        return NULL;
    pipe_finish(self->pipe);
    Py_RETURN_NONE;
}

static PyObject *get_held(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(pipe_held(((struct python_pipe *)object)->pipe));
}

/* --- waiting ---------------------------------------------------------------------------------------------------------- */

static enum pipe_side own_side(const struct python_pipe *self)
{
    return self->has[PIPE_READS] ? PIPE_READS : PIPE_WRITES;
}

/* Python's signal handlers run between two waits; one that raises ends the waiting. */
static PyObject *wait_ready(PyObject *object, PyObject *argument)
{
    struct python_pipe *self = (struct python_pipe *)object;
    enum pipe_side side = own_side(self);
    uint64_t timeout_ns;
    if (!can(self, side) || !python_to_limit(argument, &timeout_ns))
        return NULL;
    struct deadline deadline = deadline_after(timeout_ns);
    int result = -EINTR;
    while (result == -EINTR && PyErr_CheckSignals() == 0) {
        Py_BEGIN_ALLOW_THREADS
        result = pipe_sleep(self->pipe, side, deadline);
        Py_END_ALLOW_THREADS
    }
    return result < 0 ? NULL : PyBool_FromLong(result);
}

static PyObject *watch(PyObject *object, PyObject *argument)
{
    struct python_pipe *self = (struct python_pipe *)object;
    enum pipe_side side = own_side(self);
    if (!PyObject_TypeCheck(argument, &python_completions_type))
        return PyErr_Format(PyExc_TypeError, "watch() takes a Completions");
    if (!can(self, side))
        return NULL;
    struct python_watch *watch = PyObject_New(struct python_watch, &watch_type);
    if (!watch)
        return NULL;
    watch->pipe = (struct python_pipe *)Py_NewRef(object);
    watch->completions = Py_NewRef(argument);
    watch->completion = (struct completion){
        .completions = &((struct python_completions *)argument)->completions, .holder = watch};
    watch->waiter = (struct pipe_waiter){.completion = &watch->completion, .event = -1};
    watch->over = !pipe_await(self->pipe, side, &watch->waiter);
    return (PyObject *)watch;
}

static PyObject *cancel(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_watch *self = (struct python_watch *)object;
    if (!self->over && scheduler_is_here(self->pipe->scheduler)) {
        pipe_forget(self->pipe->pipe, &self->waiter);
        completions_remove(&self->completion);
    }
    self->over = true;
    Py_RETURN_NONE;
}

static PyObject *get_result(PyObject *object, PyObject *unused)
{
    return cancel(object, unused);
}

static PyObject *is_over(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct python_watch *)object)->over);
}

static void destroy_watch(PyObject *object)
{
    struct python_watch *self = (struct python_watch *)object;
    Py_DECREF(cancel(object, NULL));
    Py_DECREF(self->pipe);
    Py_DECREF(self->completions);
    Py_TYPE(object)->tp_free(object);
}

/* --- the types -------------------------------------------------------------------------------------------------------- */

static PyMethodDef methods[] = {
    {"read", read_bytes, METH_O, PyDoc_STR("(most): what is there; None if that is nothing yet; b'' at the end.")},
    {"write", write_bytes, METH_O, PyDoc_STR("(bytes): how many there was room for.")},
    {"wait", wait_ready, METH_O, PyDoc_STR("(timeout_ns): whether its side is ready.")},
    {"watch", watch, METH_O, PyDoc_STR("(completions): a Watch, over when its side may be ready.")},
    {"finish", finish, METH_NOARGS, PyDoc_STR("Nobody writes any more: what is there now is the rest.")},
    {"close", close_pipe, METH_NOARGS, PyDoc_STR("Gives its ends up; harmless when repeated.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"held", get_held, NULL, PyDoc_STR("Bytes that wait to be read."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_pipe_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Pipe",
    .tp_doc = PyDoc_STR("Pipe(scheduler, capacity, reads, writes): bytes on their way, with the host's ends of them."),
    .tp_basicsize = sizeof(struct python_pipe),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = properties,
};

static PyMethodDef watch_methods[] = {
    {"result", get_result, METH_NOARGS, PyDoc_STR("None: look at the pipe again.")},
    {"cancel", cancel, METH_NOARGS, PyDoc_STR("Gives up.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef watch_properties[] = {
    {"is_over", is_over, NULL, PyDoc_STR("Whether the pipe was ready from the beginning."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject watch_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Watch",
    .tp_doc = PyDoc_STR("A wait for a pipe that nobody sleeps for."),
    .tp_basicsize = sizeof(struct python_watch),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy_watch,
    .tp_methods = watch_methods,
    .tp_getset = watch_properties,
};

bool python_pipe_prepare(void)
{
    return PyType_Ready(&watch_type) == 0;
}
