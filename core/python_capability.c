/* Capabilities that Python code holds, and what it does with them.
 *
 * A message is (bytes, tag, badge, flags, capabilities, reply or None, service identity, sender's identity, rights). */
#include "python_core.h"

#include <errno.h>

#include "bank.h"
#include "ipc/endpoint.h"
#include "ipc/forwarder.h"
#include "ipc/host_ipc.h"
#include "ipc/process_ipc.h"
#include "ipc/service.h"
#include "ipc/transfer.h"
#include "process.h"
#include "scheduler.h"

struct python_capability {
    PyObject_HEAD
    struct scheduler *scheduler; /* with a reference */
    struct capability capability; /* no object: closed, or moved away */
};

/* --- errors --------------------------------------------------------------------------------------------------------------- */

static PyObject *raise_error(int64_t error)
{
    PyObject *number = PyLong_FromLongLong(-error);
    PyObject *raised = number ? PyObject_CallOneArg(python_errors.of_kernel, number) : NULL;
    Py_XDECREF(number);
    if (raised)
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
    Py_XDECREF(raised);
    return NULL;
}

static PyObject *none_or_error(int64_t result)
{
    return result < 0 ? raise_error(result) : Py_NewRef(Py_None);
}

/* --- life ----------------------------------------------------------------------------------------------------------------- */

/* Takes the capability over, even if there is no memory for the object. */
static PyObject *wrap(struct scheduler *scheduler, struct capability capability)
{
    struct python_capability *self = PyObject_New(struct python_capability, &python_capability_type);
    if (!self) {
        pthread_mutex_lock(&scheduler->lock);
        capability_drop(&capability);
        ipc_settle(scheduler);
        pthread_mutex_unlock(&scheduler->lock);
        return NULL;
    }
    scheduler_retain(scheduler);
    self->scheduler = scheduler;
    self->capability = capability;
    return (PyObject *)self;
}

static void drop(struct python_capability *self)
{
    if (!self->capability.object || !scheduler_is_here(self->scheduler))
        return;
    pthread_mutex_lock(&self->scheduler->lock);
    capability_drop(&self->capability);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
}

static void destroy(PyObject *object)
{
    struct python_capability *self = (struct python_capability *)object;
    drop(self);
    scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

/* NULL with an exception. */
static struct python_capability *open_capability(PyObject *object)
{
    struct python_capability *self = (struct python_capability *)object;
    if (!PyObject_TypeCheck(object, &python_capability_type))
        PyErr_Format(PyExc_TypeError, "expected a capability; got %s", Py_TYPE(object)->tp_name);
    else if (!self->capability.object)
        PyErr_SetString(python_errors.closed, "this capability was closed, or has been moved");
    else if (!scheduler_is_here(self->scheduler))
        PyErr_SetString(python_errors.bad_state, "this capability belongs to the parent of a fork");
    else
        return self;
    return NULL;
}

PyObject *python_channel(PyObject *module, PyObject *arguments)
{
    (void)module;
    struct python_scheduler *owner;
    PyObject *bank;
    uint64_t capacity, buffer;
    if (!PyArg_ParseTuple(arguments, "O!OO&O&:channel", &python_scheduler_type, &owner, &bank, python_to_u64, &capacity,
                          python_to_u64, &buffer))
        return NULL;
    if (bank != Py_None && !PyObject_TypeCheck(bank, &python_bank_type))
        return PyErr_Format(PyExc_TypeError, "a channel is paid for by a bank");
    struct scheduler *scheduler = owner->scheduler;
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    struct endpoint *endpoint;
    struct bank *refused, *payer = bank == Py_None ? NULL : ((struct python_bank *)bank)->bank;
    int result = endpoint_create(scheduler, payer, capacity, buffer, &endpoint, &refused);
    if (refused) {
        python_raise_refusal("the bank does not cover the channel", bank_identity(refused));
        bank_release(refused);
        return NULL;
    }
    if (result < 0)
        return raise_error(result);
    const uint32_t common = MOTTE_RIGHT_COPY | MOTTE_RIGHT_REVOKE;
    pthread_mutex_lock(&scheduler->lock);
    struct capability sender = capability_make(&endpoint->object, common | MOTTE_RIGHT_SEND | MOTTE_RIGHT_BADGE, 0);
    struct capability receiver = capability_make(&endpoint->object, common | MOTTE_RIGHT_RECEIVE, 0);
    object_release(&endpoint->object);
    pthread_mutex_unlock(&scheduler->lock);
    PyObject *one = wrap(scheduler, sender), *other = wrap(scheduler, receiver);
    if (one && other)
        return Py_BuildValue("NN", one, other);
    Py_XDECREF(one);
    Py_XDECREF(other);
    return NULL;
}

/* (receiver of the server, identity, kind, rights): a capability to something that Python serves. */
PyObject *python_service(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *server;
    uint64_t identity;
    unsigned kind, rights;
    if (!PyArg_ParseTuple(arguments, "OO&II:service", &server, python_to_u64, &identity, &kind, &rights))
        return NULL;
    struct python_capability *receiver = open_capability(server);
    if (!receiver)
        return NULL;
    if (!(receiver->capability.rights & MOTTE_RIGHT_RECEIVE))
        return raise_error(-MOTTE_ERROR_NO_ACCESS);
    struct service *service =
        service_create((struct endpoint *)receiver->capability.object, identity, (enum motte_capability)kind);
    if (!service)
        return PyErr_NoMemory();
    pthread_mutex_lock(&receiver->scheduler->lock);
    struct capability made = capability_make(&service->object, rights, 0);
    object_release(&service->object);
    pthread_mutex_unlock(&receiver->scheduler->lock);
    return wrap(receiver->scheduler, made);
}

/* The identity of a service that nobody else holds any more: each once. */
static PyObject *next_abandoned(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = open_capability(object);
    if (!self)
        return NULL;
    if (!(self->capability.rights & MOTTE_RIGHT_RECEIVE))
        return raise_error(-MOTTE_ERROR_NO_ACCESS);
    pthread_mutex_lock(&self->scheduler->lock);
    uint64_t identity = service_next_abandoned((struct endpoint *)self->capability.object);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (!identity)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(identity);
}

/* (identity, rights, weak) of a capability that leads to a service which is called here; None of all others. */
static PyObject *identify(PyObject *object, PyObject *other)
{
    struct python_capability *self = open_capability(object), *asked = self ? open_capability(other) : NULL;
    if (!asked || asked->scheduler != self->scheduler)
        return asked ? Py_NewRef(Py_None) : NULL;
    struct route route = {.end = NULL};
    uint64_t identity = 0;
    pthread_mutex_lock(&self->scheduler->lock);
    if (capability_is_valid(&asked->capability)) {
        route_find(&asked->capability, &route);
        const struct service *service = (const struct service *)route.end->object;
        if (service->object.type == OBJECT_SERVICE && &service->server->object == self->capability.object)
            identity = service->identity;
    }
    pthread_mutex_unlock(&self->scheduler->lock);
    if (!identity)
        Py_RETURN_NONE;
    return Py_BuildValue("KIN", (unsigned long long)identity, route.rights, PyBool_FromLong(route.weak));
}

/* --- looking and changing -------------------------------------------------------------------------------------------------- */

static PyObject *close_capability(PyObject *self, PyObject *unused)
{
    (void)unused;
    drop((struct python_capability *)self);
    Py_RETURN_NONE;
}

/* (kind, rights, badge, weak, valid) */
static PyObject *get_fields(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = open_capability(object);
    if (!self)
        return NULL;
    pthread_mutex_lock(&self->scheduler->lock);
    const struct capability capability = self->capability;
    bool valid = capability_is_valid(&capability);
    int kind = (int)capability_kind(&capability);
    pthread_mutex_unlock(&self->scheduler->lock);
    return Py_BuildValue("iIINN", kind, capability.rights, capability.badge, PyBool_FromLong(capability.weak),
                         PyBool_FromLong(valid));
}

/* Whether two lead to the same object. */
static PyObject *is_same(PyObject *object, PyObject *other)
{
    struct python_capability *one = open_capability(object), *two = one ? open_capability(other) : NULL;
    return two ? PyBool_FromLong(one->capability.object == two->capability.object) : NULL;
}

static PyObject *restrict_capability(PyObject *object, PyObject *arguments)
{
    unsigned rights, badge;
    int weak;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "IIp:restrict", &rights, &badge, &weak))
        return NULL;
    struct capability copy = {.object = NULL};
    int64_t result = 0;
    pthread_mutex_lock(&self->scheduler->lock);
    result = capability_may_copy(&self->capability, badge);
    if (result == 0)
        copy = capability_copy(&self->capability, rights, badge, weak);
    pthread_mutex_unlock(&self->scheduler->lock);
    return result < 0 ? raise_error(result) : wrap(self->scheduler, copy);
}

static PyObject *revoke_capability(PyObject *object, PyObject *arguments)
{
    unsigned badge;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "I:revoke", &badge))
        return NULL;
    int64_t result = 0;
    pthread_mutex_lock(&self->scheduler->lock);
    if (self->capability.object->type == OBJECT_SERVICE)
        service_kill((struct service *)self->capability.object);
    else
        result = capability_revoke(&self->capability, badge);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
    return none_or_error(result);
}

/* (bank, whether it is a membrane): to give away, to control. */
static PyObject *forward(PyObject *object, PyObject *arguments)
{
    struct python_bank *bank;
    int membrane;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "O!p:forward", &python_bank_type, &bank, &membrane))
        return NULL;
    struct capability given, control;
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = forwarder_create(&self->capability, membrane, bank->bank, &given, &control);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (result < 0)
        return raise_error(result);
    PyObject *one = wrap(self->scheduler, given), *other = wrap(self->scheduler, control);
    if (one && other)
        return Py_BuildValue("NN", one, other);
    Py_XDECREF(one);
    Py_XDECREF(other);
    return NULL;
}

static PyObject *retarget(PyObject *object, PyObject *target)
{
    struct python_capability *self = open_capability(object), *other = self ? open_capability(target) : NULL;
    if (!other)
        return NULL;
    bool controls = self->capability.rights & MOTTE_RIGHT_REVOKE && self->capability.object->type == OBJECT_FORWARDER;
    if (!controls || other->scheduler != self->scheduler)
        return raise_error(controls ? -MOTTE_ERROR_REQUEST_ERROR : -MOTTE_ERROR_NO_ACCESS);
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = forwarder_retarget((struct forwarder *)self->capability.object, &other->capability);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
    return none_or_error(result);
}

/* --- messages -------------------------------------------------------------------------------------------------------------- */

/* NULL with an exception. */
static struct message *make_message(struct scheduler *scheduler, const Py_buffer *bytes, unsigned tag, unsigned flags,
                                    PyObject *capabilities)
{
    if (bytes->len > (Py_ssize_t)MOTTE_MESSAGE_BYTES || flags & ~(unsigned)MOTTE_MESSAGE_PRIORITY)
        return (struct message *)raise_error(-MOTTE_ERROR_REQUEST_ERROR);
    struct message *message = host_ipc_message(bytes->buf, (uint32_t)bytes->len, tag, flags);
    if (!message)
        return (struct message *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(capabilities); i++) {
        struct python_capability *attached = open_capability(PyTuple_GET_ITEM(capabilities, i));
        int64_t result = !attached                            ? -1
                       : attached->scheduler != scheduler ? -MOTTE_ERROR_REQUEST_ERROR
                                                              : host_ipc_attach(message, &attached->capability);
        if (result < 0) {
            host_ipc_discard(scheduler, message);
            return attached ? (struct message *)raise_error(result) : NULL;
        }
    }
    return message;
}

/* Takes the message over. */
static PyObject *show_message(struct scheduler *scheduler, struct message *message)
{
    PyObject *capabilities = PyTuple_New(message->capability_count);
    PyObject *reply = message->reply.object ? wrap(scheduler, message->reply) : Py_NewRef(Py_None);
    message->reply.object = NULL;
    bool complete = capabilities && reply;
    for (uint32_t i = 0; complete && i < message->capability_count; i++) {
        PyObject *wrapped = wrap(scheduler, message->capabilities[i]);
        message->capabilities[i].object = NULL;
        complete = wrapped && PyTuple_SetItem(capabilities, i, wrapped) == 0;
    }
    PyObject *shown = NULL;
    if (complete)
        shown = Py_BuildValue("y#IIIOOKKI", message->bytes, (Py_ssize_t)message->size, message->tag, message->badge,
                              message->flags, capabilities, reply, (unsigned long long)message->identity,
                              (unsigned long long)message->sender, message->rights);
    Py_XDECREF(capabilities);
    Py_XDECREF(reply);
    host_ipc_discard(scheduler, message);
    return shown;
}

static PyObject *show(struct scheduler *scheduler, const struct host_wait *host)
{
    if (host->wait.bits)
        return Py_BuildValue("y#IIIOOKKI", "", (Py_ssize_t)0, host->wait.bits, 0, MOTTE_MESSAGE_NOTIFICATION,
                             Py_None, Py_None, 0ULL, 0ULL, 0);
    return show_message(scheduler, host->wait.message);
}

/* Waits if there is something to wait for; Python's signal handlers run meanwhile, and one that raises ends the waiting. -1
 * with an exception. */
static int settle(struct scheduler *scheduler, int64_t begun, struct host_wait *host, struct deadline deadline)
{
    int64_t result = begun;
    while (result == HOST_WAITS || result == -EINTR) {
        Py_BEGIN_ALLOW_THREADS
        result = host_ipc_wait(scheduler, host, deadline);
        Py_END_ALLOW_THREADS
        if (result == -EINTR && PyErr_CheckSignals() < 0) {
            host_ipc_cancel(scheduler, host);
            return -1;
        }
    }
    if (result == 0 && host->wait.result < 0)
        result = host->wait.result;
    if (result < 0)
        (void)raise_error(result);
    return result < 0 ? -1 : 0;
}

/* A scheduler that is used without the GIL does not go away. */
static PyObject *finish(struct python_capability *self, int64_t begun, struct host_wait *host, uint64_t timeout_ns,
                        bool shows)
{
    struct scheduler *scheduler = self->scheduler;
    scheduler_retain(scheduler);
    int settled = settle(scheduler, begun, host, deadline_after(timeout_ns));
    PyObject *result = settled < 0 ? NULL : shows ? show(scheduler, host) : Py_NewRef(Py_None);
    scheduler_release(scheduler);
    return result;
}

static PyObject *dispatch(PyObject *object, PyObject *arguments, bool calls)
{
    Py_buffer bytes;
    unsigned tag, flags;
    PyObject *capabilities, *result = NULL;
    uint64_t timeout_ns;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "y*IIO!O&", &bytes, &tag, &flags, &PyTuple_Type, &capabilities,
                                   python_to_limit, &timeout_ns))
        return NULL;
    struct message *message = make_message(self->scheduler, &bytes, tag, flags, capabilities);
    struct host_wait host;
    if (message) {
        int64_t begun = (calls ? host_ipc_call : host_ipc_send)(&self->capability, message, timeout_ns > 0, &host);
        result = finish(self, begun, &host, timeout_ns, calls);
    }
    PyBuffer_Release(&bytes);
    return result;
}

static PyObject *send_message(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, false);
}

static PyObject *call(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, true);
}

static bool parse_match(PyObject *tag, PyObject *badge, struct match *match)
{
    *match = (struct match){.by_tag = tag != Py_None, .by_badge = badge != Py_None};
    if (match->by_tag)
        match->tag = (uint32_t)PyLong_AsUnsignedLong(tag);
    if (match->by_badge)
        match->badge = (uint32_t)PyLong_AsUnsignedLong(badge);
    return !PyErr_Occurred();
}

static PyObject *receive(PyObject *object, PyObject *arguments)
{
    uint64_t timeout_ns;
    PyObject *tag, *badge;
    struct match match;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "O&OO:receive", python_to_limit, &timeout_ns, &tag, &badge)
        || !parse_match(tag, badge, &match))
        return NULL;
    struct host_wait host;
    int64_t begun = host_ipc_receive(&self->capability, match, timeout_ns > 0, &host);
    return finish(self, begun, &host, timeout_ns, true);
}

static PyObject *reply(PyObject *object, PyObject *arguments)
{
    Py_buffer bytes;
    unsigned tag;
    PyObject *capabilities, *result = NULL;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "y*IO!:reply", &bytes, &tag, &PyTuple_Type, &capabilities))
        return NULL;
    struct message *message = make_message(self->scheduler, &bytes, tag, 0, capabilities);
    if (message)
        result = none_or_error(host_ipc_reply(&self->capability, message));
    PyBuffer_Release(&bytes);
    return result;
}

static PyObject *notify(PyObject *object, PyObject *arguments)
{
    unsigned bits;
    struct python_capability *self = open_capability(object);
    if (!self || !PyArg_ParseTuple(arguments, "I:notify", &bits))
        return NULL;
    return none_or_error(host_ipc_notify(&self->capability, bits));
}

/* ((receiver, ...), timeout): the index of one that has something, or whose senders are gone. */
PyObject *python_select(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *receivers;
    uint64_t timeout_ns;
    const struct capability *several[MOTTE_SELECT_LIMIT];
    if (!PyArg_ParseTuple(arguments, "O!O&:select", &PyTuple_Type, &receivers, python_to_limit, &timeout_ns))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(receivers);
    if (count < 1 || count > (Py_ssize_t)MOTTE_SELECT_LIMIT)
        return raise_error(-MOTTE_ERROR_REQUEST_ERROR);
    struct python_capability *first = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        struct python_capability *each = open_capability(PyTuple_GET_ITEM(receivers, i));
        if (!each)
            return NULL;
        several[i] = &each->capability;
        first = first ? first : each;
    }
    struct host_wait host;
    int64_t begun = host_ipc_select(several, (uint32_t)count, timeout_ns > 0, &host);
    PyObject *done = finish(first, begun, &host, timeout_ns, false);
    Py_XDECREF(done);
    return done ? PyLong_FromLongLong(host.wait.result) : NULL;
}

/* --- grants ---------------------------------------------------------------------------------------------------------------- */

PyObject *python_process_grant(PyObject *object, PyObject *arguments)
{
    const char *name;
    PyObject *granted;
    struct process *process = python_open_process(object);
    if (!process || !PyArg_ParseTuple(arguments, "sO:grant", &name, &granted))
        return NULL;
    struct python_capability *held = open_capability(granted);
    if (!held)
        return NULL;
    struct scheduler *scheduler = held->scheduler;
    if (atomic_load(&process->state) != PROCESS_CREATED)
        return PyErr_Format(python_errors.bad_state, "capabilities are granted before the start");
    if (scheduler != process->scheduler)
        return PyErr_Format(PyExc_ValueError, "this capability belongs to another machine");
    int64_t result = 0;
    struct capability copy = {.object = NULL};
    pthread_mutex_lock(&scheduler->lock);
    if (!capability_is_valid(&held->capability))
        result = -MOTTE_ERROR_INVALID_CAP;
    else if (!(held->capability.rights & MOTTE_RIGHT_COPY))
        result = -MOTTE_ERROR_NO_ACCESS;
    else
        copy = capability_copy(&held->capability, UINT32_MAX, 0, false);
    pthread_mutex_unlock(&scheduler->lock);
    if (result == 0)
        result = ipc_grant(process, name, copy);
    if (result < 0 && copy.object) {
        pthread_mutex_lock(&scheduler->lock);
        capability_drop(&copy);
        ipc_settle(scheduler);
        pthread_mutex_unlock(&scheduler->lock);
    }
    return none_or_error(result);
}

static PyMethodDef methods[] = {
    {"close", close_capability, METH_NOARGS, PyDoc_STR("Drops it.")},
    {"fields", get_fields, METH_NOARGS, PyDoc_STR("(kind, rights, badge, weak, valid)")},
    {"is_same", is_same, METH_O, PyDoc_STR("Whether both lead to the same object.")},
    {"restrict", restrict_capability, METH_VARARGS, PyDoc_STR("(rights, badge or 0, weak): a copy that can do less.")},
    {"revoke", revoke_capability, METH_VARARGS, PyDoc_STR("(badge or 0): all others to the same object, or with this badge.")},
    {"forward", forward, METH_VARARGS, PyDoc_STR("(bank, membrane): capabilities to give away, and to control.")},
    {"retarget", retarget, METH_O, PyDoc_STR("The forwarder that this controls leads there.")},
    {"send", send_message, METH_VARARGS, PyDoc_STR("(bytes, tag, flags, capabilities, timeout_ns)")},
    {"call", call, METH_VARARGS, PyDoc_STR("The same; returns the answer, a message.")},
    {"receive", receive, METH_VARARGS, PyDoc_STR("(timeout_ns, tag or None, badge or None): a message.")},
    {"reply", reply, METH_VARARGS, PyDoc_STR("(bytes, tag, capabilities); once.")},
    {"identify", identify, METH_O, PyDoc_STR("(identity, rights, weak) of a capability to a service that is called here; or None.")},
    {"next_abandoned", next_abandoned, METH_NOARGS,
     PyDoc_STR("Of the services that are called here, the identity of one that nobody else holds any more; or None.")},
    {"notify", notify, METH_VARARGS, PyDoc_STR("(bits)")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_capability_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Capability",
    .tp_doc = PyDoc_STR("A capability that Python holds; made by channel() and service()."),
    .tp_basicsize = sizeof(struct python_capability),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
