/* Waits that no thread sleeps for: an event loop is told when they are over.
 *
 * Capability.begin_send(), begin_call() and begin_receive(), and begin_select(), answer a Waiting at once.  A loop has one
 * Completions, whose descriptor is readable once waits are over that were begun with it; take() says which.  Then, or if it
 * `is_over` from the beginning, result() does what the operation that waits would have done.  cancel() gives up, and so does
 * the end of the object: what had come by then goes back to where it came from.
 *
 * The core puts a wait that is over into the list of its Completions from any thread, without the GIL.  So an object leaves
 * that list before it ends; and take() may refer to what it finds in it, for both happen under the GIL. */
#include "python_ipc.h"

#include "scheduler.h"

struct python_waiting {
    PyObject_HEAD
    struct scheduler *scheduler; /* with a reference */
    PyObject *completions, *used; /* the capabilities that it needs: one, or a tuple of them */
    PyObject *attached; /* a tuple: what the message carries */
    struct host_wait host;
    int64_t begun; /* HOST_WAITS until it was settled */
    bool shows;
};

static PyTypeObject waiting_type;

/* --- completions ---------------------------------------------------------------------------------------------------------- */

static PyObject *create_completions(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, ":Completions", names))
        return NULL;
    struct python_completions *self = (struct python_completions *)type->tp_alloc(type, 0);
    if (self && !completions_begin(&self->completions)) {
        type->tp_free(self);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return (PyObject *)self;
}

static void destroy_completions(PyObject *object)
{
    completions_end(&((struct python_completions *)object)->completions);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *get_descriptor(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(((struct python_completions *)object)->completions.event);
}

static PyObject *take(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct completions *completions = &((struct python_completions *)object)->completions;
    PyObject *taken = PyList_New(0);
    struct completion *over;
    while (taken && (over = completions_take(completions)))
        if (PyList_Append(taken, over->holder) < 0)
            Py_CLEAR(taken);
    return taken;
}

static PyMethodDef completions_methods[] = {
    {"fileno", get_descriptor, METH_NOARGS, PyDoc_STR("Readable while there is something to take.")},
    {"take", take, METH_NOARGS, PyDoc_STR("Those that are over since the last time.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_completions_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Completions",
    .tp_doc = PyDoc_STR("Completions(): tells of waits that are over."),
    .tp_basicsize = sizeof(struct python_completions),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create_completions,
    .tp_dealloc = destroy_completions,
    .tp_methods = completions_methods,
};

/* --- beginning ------------------------------------------------------------------------------------------------------------ */

static struct python_waiting *waiting_create(struct scheduler *scheduler, PyObject *completions, PyObject *used,
                                             PyObject *attached, bool shows)
{
    struct python_waiting *self = PyObject_New(struct python_waiting, &waiting_type);
    if (!self)
        return NULL;
    scheduler_retain(scheduler);
    self->scheduler = scheduler;
    self->completions = Py_NewRef(completions);
    self->used = Py_NewRef(used);
    self->attached = Py_XNewRef(attached);
    self->host.unsent = NULL;
    self->host.wait.message = NULL;
    self->host.told.holder = self;
    self->begun = 0;
    self->shows = shows;
    return self;
}

/* What the core answered, in the object that is returned. */
static PyObject *began(struct python_waiting *self, int64_t begun)
{
    self->begun = begun;
    if (begun == HOST_WAITS)
        host_ipc_tell(self->scheduler, &self->host, &((struct python_completions *)self->completions)->completions);
    return (PyObject *)self;
}

static PyObject *dispatch(PyObject *object, PyObject *arguments, bool calls)
{
    Py_buffer bytes;
    uint32_t tag, flags;
    PyObject *completions, *capabilities, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "O!y*O&O&O!", &python_completions_type, &completions, &bytes, python_to_u32, &tag,
                          python_to_u32, &flags, &PyTuple_Type, &capabilities))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    struct python_waiting *waiting =
        self ? waiting_create(self->scheduler, completions, object, capabilities, calls) : NULL;
    struct message *message =
        waiting ? python_message_make(self->scheduler, &bytes, tag, flags, capabilities) : NULL;
    if (message && !python_message_took(self, message, capabilities))
        result = began(waiting, (calls ? host_ipc_call : host_ipc_send)(&self->capability, message, true, &waiting->host));
    else
        Py_XDECREF(waiting);
    PyBuffer_Release(&bytes);
    return result;
}

PyObject *python_capability_begin_send(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, false);
}

PyObject *python_capability_begin_call(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, true);
}

PyObject *python_capability_begin_receive(PyObject *object, PyObject *arguments)
{
    PyObject *completions, *tag, *badge;
    struct match match;
    if (!PyArg_ParseTuple(arguments, "O!OO:begin_receive", &python_completions_type, &completions, &tag, &badge)
        || !python_parse_match(tag, badge, &match))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    struct python_waiting *waiting = self ? waiting_create(self->scheduler, completions, object, NULL, true) : NULL;
    return waiting ? began(waiting, host_ipc_receive(&self->capability, match, true, &waiting->host)) : NULL;
}

PyObject *python_begin_select(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *completions, *receivers;
    const struct capability *several[MOTTE_SELECT_LIMIT];
    uint32_t count;
    if (!PyArg_ParseTuple(arguments, "O!O!:begin_select", &python_completions_type, &completions, &PyTuple_Type, &receivers)
        || !python_parse_receivers(receivers, several, &count))
        return NULL;
    struct scheduler *scheduler = ((struct python_capability *)PyTuple_GET_ITEM(receivers, 0))->scheduler;
    struct python_waiting *waiting = waiting_create(scheduler, completions, receivers, NULL, false);
    return waiting ? began(waiting, host_ipc_select(several, count, true, &waiting->host)) : NULL;
}

/* --- the end of a wait ---------------------------------------------------------------------------------------------------- */

static void give_back_unsent(struct python_waiting *self)
{
    if (self->host.unsent)
        python_message_unmake(self->scheduler, self->host.unsent, self->attached);
    self->host.unsent = NULL;
}

/* Harmless when repeated, and after result(). */
static PyObject *cancel(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_waiting *self = (struct python_waiting *)object;
    if (self->begun == HOST_WAITS && scheduler_is_here(self->scheduler)) {
        host_ipc_cancel(self->scheduler, &self->host);
        self->begun = -MOTTE_ERROR_INVALID_CAP;
        give_back_unsent(self);
    }
    Py_RETURN_NONE;
}

/* Once, when it is over: so it does not wait. */
static PyObject *get_result(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_waiting *self = (struct python_waiting *)object;
    int64_t result = self->begun;
    if (result == HOST_WAITS && !parking_is_called(&self->host.over))
        return PyErr_Format(python_errors.bad_state, "it is not over yet");
    if (result == HOST_WAITS)
        result = host_ipc_wait(self->scheduler, &self->host, deadline_after(0));
    self->begun = -MOTTE_ERROR_BAD_STATE;
    if (result == 0 && self->host.wait.result < 0)
        result = self->host.wait.result;
    give_back_unsent(self);
    if (result < 0)
        return python_raise_outcome(result, &self->host);
    if (self->shows)
        return python_message_show(self->scheduler, &self->host);
    return PyLong_FromLongLong(self->host.wait.result);
}

static PyObject *is_over(PyObject *object, void *unused)
{
    (void)unused;
    const struct python_waiting *self = (struct python_waiting *)object;
    return PyBool_FromLong(self->begun != HOST_WAITS || parking_is_called(&self->host.over));
}

static void destroy(PyObject *object)
{
    struct python_waiting *self = (struct python_waiting *)object;
    Py_DECREF(cancel(object, NULL));
    if (self->begun == 0 && self->host.wait.message && scheduler_is_here(self->scheduler))
        host_ipc_discard(self->scheduler, self->host.wait.message);
    Py_DECREF(self->completions);
    Py_DECREF(self->used);
    Py_XDECREF(self->attached);
    scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef methods[] = {
    {"result", get_result, METH_NOARGS, PyDoc_STR("What came of it: a message, None or an index; once, when it is over.")},
    {"cancel", cancel, METH_NOARGS, PyDoc_STR("Gives up; what has come already goes back.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"is_over", is_over, NULL, PyDoc_STR("Whether result() would answer."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject waiting_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Waiting",
    .tp_doc = PyDoc_STR("An operation that nobody sleeps for."),
    .tp_basicsize = sizeof(struct python_waiting),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = properties,
};

bool python_waiting_prepare(void)
{
    return PyType_Ready(&waiting_type) == 0;
}
