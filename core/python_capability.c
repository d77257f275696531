/* Capabilities that Python code holds. */
#include "python_ipc.h"

#include <string.h>

#include "bank.h"
#include "exchange/block.h"
#include "ipc/conversation.h"
#include "ipc/endpoint.h"
#include "ipc/forwarder.h"
#include "ipc/process_ipc.h"
#include "ipc/service.h"
#include "ipc/transfer.h"
#include "process.h"
#include "scheduler.h"

/* --- errors --------------------------------------------------------------------------------------------------------------- */

PyObject *python_raise_kernel_error(int64_t error)
{
    PyObject *number = PyLong_FromLongLong(-error);
    PyObject *raised = number ? PyObject_CallOneArg(python_errors.of_kernel, number) : NULL;
    Py_XDECREF(number);
    if (raised)
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
    Py_XDECREF(raised);
    return NULL;
}

PyObject *python_none_or_error(int64_t result)
{
    return result < 0 ? python_raise_kernel_error(result) : Py_NewRef(Py_None);
}

/* --- life ----------------------------------------------------------------------------------------------------------------- */

PyObject *python_capability_wrap(struct scheduler *scheduler, struct capability capability)
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
    self->identity = capability.object->identity;
    return (PyObject *)self;
}

/* Threads that wait through it wait no longer. */
static void drop(struct python_capability *self)
{
    struct object *object = self->capability.object;
    if (!object || !scheduler_is_here(self->scheduler))
        return;
    pthread_mutex_lock(&self->scheduler->lock);
    object_retain(object);
    capability_drop(&self->capability);
    if (object->type == OBJECT_ENDPOINT)
        transfer_end_waits((struct endpoint *)object);
    object_release(object);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
    blocks_bury();
}

static void destroy(PyObject *object)
{
    struct python_capability *self = (struct python_capability *)object;
    drop(self);
    scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

struct python_capability *python_capability_open(PyObject *object)
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

static PyObject *wrap_two(struct scheduler *scheduler, struct capability first, struct capability second)
{
    PyObject *one = python_capability_wrap(scheduler, first), *other = python_capability_wrap(scheduler, second);
    if (one && other)
        return Py_BuildValue("NN", one, other);
    Py_XDECREF(one);
    Py_XDECREF(other);
    return NULL;
}

/* Of what was to be made; takes over the reference to the bank that refused, if it was that. */
static PyObject *not_paid(int result, struct bank *refused)
{
    if (!refused)
        return python_raise_kernel_error(result);
    python_raise_refusal("the bank does not cover the channel", bank_identity(refused));
    bank_release(refused);
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
    if (result < 0)
        return not_paid(result, refused);
    struct capability sender, receiver;
    pthread_mutex_lock(&scheduler->lock);
    endpoint_give_out(endpoint, &sender, &receiver);
    pthread_mutex_unlock(&scheduler->lock);
    return wrap_two(scheduler, sender, receiver);
}

/* (scheduler, bank, contract): the client's end and the server's. */
PyObject *python_conversation(PyObject *module, PyObject *arguments)
{
    (void)module;
    struct python_scheduler *owner;
    struct python_bank *payer;
    struct python_contract *contract;
    if (!PyArg_ParseTuple(arguments, "O!O!O!:conversation", &python_scheduler_type, &owner, &python_bank_type, &payer,
                          &python_contract_type, &contract))
        return NULL;
    struct scheduler *scheduler = owner->scheduler;
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    struct capability ends[2];
    struct bank *refused;
    int result = conversation_create(scheduler, payer->bank, contract->contract, ends, &refused);
    return result < 0 ? not_paid(result, refused) : wrap_two(scheduler, ends[0], ends[1]);
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
    struct python_capability *self = python_capability_open(object);
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

/* A number that no other object of this OS process ever has. */
static PyObject *get_identity(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(((struct python_capability *)object)->identity);
}

/* The scheduler that it belongs to, compared. */
static PyObject *belongs_to(PyObject *object, PyObject *scheduler)
{
    if (!PyObject_TypeCheck(scheduler, &python_scheduler_type))
        return PyErr_Format(PyExc_TypeError, "expected a scheduler; got %s", Py_TYPE(scheduler)->tp_name);
    return PyBool_FromLong(((struct python_capability *)object)->scheduler
                           == ((struct python_scheduler *)scheduler)->scheduler);
}

static PyObject *restrict_capability(PyObject *object, PyObject *arguments)
{
    uint32_t rights, badge;
    int weak;
    if (!PyArg_ParseTuple(arguments, "O&O&p:restrict", python_to_u32, &rights, python_to_u32, &badge, &weak))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    struct capability copy = {.object = NULL};
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = capability_may_copy(&self->capability, badge);
    if (result == 0)
        copy = capability_copy(&self->capability, rights, badge, weak);
    pthread_mutex_unlock(&self->scheduler->lock);
    return result == 0 ? python_capability_wrap(self->scheduler, copy) : python_raise_kernel_error(result);
}

static PyObject *revoke_capability(PyObject *object, PyObject *argument)
{
    uint32_t badge;
    if (!python_to_u32(argument, &badge))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = 0;
    if (self->capability.object->type == OBJECT_SERVICE) /* which is the host's own */
        service_kill((struct service *)self->capability.object);
    else
        result = capability_revoke(&self->capability, badge);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
    return python_none_or_error(result);
}

/* (bank, whether it is a membrane): to give away, to control. */
static PyObject *forward(PyObject *object, PyObject *arguments)
{
    struct python_bank *bank;
    int membrane;
    struct python_capability *self = python_capability_open(object);
    if (!self || !PyArg_ParseTuple(arguments, "O!p:forward", &python_bank_type, &bank, &membrane))
        return NULL;
    struct capability given, control;
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = forwarder_create(&self->capability, membrane, bank->bank, &given, &control);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (result < 0)
        return python_raise_kernel_error(result);
    return wrap_two(self->scheduler, given, control);
}

static PyObject *retarget(PyObject *object, PyObject *target)
{
    struct python_capability *self = python_capability_open(object), *other = self ? python_capability_open(target) : NULL;
    if (!other)
        return NULL;
    bool controls = self->capability.rights & MOTTE_RIGHT_REVOKE && self->capability.object->type == OBJECT_FORWARDER;
    if (!controls || other->scheduler != self->scheduler)
        return python_raise_kernel_error(controls ? -MOTTE_ERROR_REQUEST_ERROR : -MOTTE_ERROR_NO_ACCESS);
    pthread_mutex_lock(&self->scheduler->lock);
    int64_t result = forwarder_retarget((struct forwarder *)self->capability.object, &other->capability);
    ipc_settle(self->scheduler);
    pthread_mutex_unlock(&self->scheduler->lock);
    return python_none_or_error(result);
}

/* --- grants ---------------------------------------------------------------------------------------------------------------- */

PyObject *python_process_grant(PyObject *object, PyObject *arguments)
{
    const char *name;
    PyObject *granted;
    struct process *process = python_open_process(object);
    if (!process || !PyArg_ParseTuple(arguments, "sO:grant", &name, &granted))
        return NULL;
    struct python_capability *held = python_capability_open(granted);
    if (!held)
        return NULL;
    struct scheduler *scheduler = held->scheduler;
    if (atomic_load(&process->state) != PROCESS_CREATED)
        return PyErr_Format(python_errors.bad_state, "capabilities are granted before the start");
    if (scheduler != process->scheduler)
        return PyErr_Format(PyExc_ValueError, "this capability belongs to another machine");
    pthread_mutex_lock(&scheduler->lock);
    bool copies = held->capability.rights & MOTTE_RIGHT_COPY;
    int64_t result = copies ? capability_may_copy(&held->capability, 0) : capability_may_move(&held->capability);
    struct capability given = {.object = NULL};
    if (result == 0)
        given = copies ? capability_copy(&held->capability, UINT32_MAX, 0, false) : capability_move(&held->capability);
    pthread_mutex_unlock(&scheduler->lock);
    if (result == 0)
        result = ipc_grant(process, name, given);
    if (result < 0 && given.object && copies) {
        pthread_mutex_lock(&scheduler->lock);
        capability_drop(&given);
        ipc_settle(scheduler);
        pthread_mutex_unlock(&scheduler->lock);
    } else if (result < 0 && given.object) {
        held->capability = given;
    }
    return python_none_or_error(result);
}

/* What moved into the process with a grant is the capability's again: of a process that does not start after all. */
PyObject *python_process_take_back(PyObject *object, PyObject *arguments)
{
    const char *name;
    PyObject *granted;
    struct process *process = python_open_process(object);
    if (!process || !PyArg_ParseTuple(arguments, "sO!:take_back", &name, &python_capability_type, &granted))
        return NULL;
    struct python_capability *owner = (struct python_capability *)granted;
    if (atomic_load(&process->state) != PROCESS_CREATED)
        return PyErr_Format(python_errors.bad_state, "capabilities are taken back before the start");
    for (uint32_t i = 0; process->ipc && !owner->capability.object && i < process->ipc->grant_count; i++) {
        const struct grant_name *grant = &process->ipc->grants[i];
        struct capability *entry = table_find(process, (uint32_t)grant->handle);
        if (entry && entry->object->identity == owner->identity && strcmp(grant->name, name) == 0)
            owner->capability = table_take(process, entry);
    }
    Py_RETURN_NONE;
}

/* (side, state, whether it may be given away, the contract's identity) of the end of a conversation; None of all others. */
static PyObject *conversation_fields(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    const struct endpoint *end = (const struct endpoint *)self->capability.object;
    if (end->object.type != OBJECT_ENDPOINT || !end->conversation)
        Py_RETURN_NONE;
    pthread_mutex_lock(&self->scheduler->lock);
    uint32_t side = end->side, state = end->conversation->state[side];
    bool travels = conversation_may_travel(end);
    pthread_mutex_unlock(&self->scheduler->lock);
    return Py_BuildValue("IINK", side, state, PyBool_FromLong(travels),
                         (unsigned long long)end->conversation->contract_identity);
}

static PyMethodDef methods[] = {
    {"conversation_fields", conversation_fields, METH_NOARGS,
     PyDoc_STR("(side, state, whether it may be given away, the contract's identity), or None.")},
    {"close", close_capability, METH_NOARGS, PyDoc_STR("Drops it.")},
    {"fields", get_fields, METH_NOARGS, PyDoc_STR("(kind, rights, badge, weak, valid)")},
    {"belongs_to", belongs_to, METH_O, PyDoc_STR("(scheduler)")},
    {"restrict", restrict_capability, METH_VARARGS, PyDoc_STR("(rights, badge or 0, weak): a copy that can do less.")},
    {"revoke", revoke_capability, METH_O, PyDoc_STR("(badge or 0): all others to the same object, or with this badge.")},
    {"forward", forward, METH_VARARGS, PyDoc_STR("(bank, membrane): capabilities to give away, and to control.")},
    {"retarget", retarget, METH_O, PyDoc_STR("The forwarder that this controls leads there.")},
    {"receivers", python_capability_receivers, METH_NOARGS, PyDoc_STR("Capabilities to receive what is sent with this one.")},
    {"identify", python_capability_identify, METH_O, PyDoc_STR("(identity, rights, weak) of a capability to a service that is called here; or None.")},
    {"next_abandoned", python_capability_next_abandoned, METH_NOARGS,
     PyDoc_STR("Of the services that are called here, the identity of one that nobody else holds any more; or None.")},
    {"expect_end", python_capability_expect_end, METH_O, PyDoc_STR("(process): before its start; its end is told here.")},
    {"next_ended", python_capability_next_ended, METH_NOARGS,
     PyDoc_STR("Of the processes whose ends are told here, the identity of the next that has ended; or None.")},
    {"send", python_capability_send, METH_VARARGS, PyDoc_STR("(bytes, tag, flags, capabilities, timeout_ns)")},
    {"call", python_capability_call, METH_VARARGS, PyDoc_STR("The same; returns the answer, a message.")},
    {"receive", python_capability_receive, METH_VARARGS, PyDoc_STR("(timeout_ns, tag or None, badge or None): a message.")},
    {"reply", python_capability_reply, METH_VARARGS, PyDoc_STR("(bytes, tag, capabilities); once.")},
    {"begin_send", python_capability_begin_send, METH_VARARGS,
     PyDoc_STR("(completions, bytes, tag, flags, capabilities): a Waiting.")},
    {"begin_call", python_capability_begin_call, METH_VARARGS, PyDoc_STR("The same.")},
    {"begin_receive", python_capability_begin_receive, METH_VARARGS, PyDoc_STR("(completions, tag, badge): a Waiting.")},
    {"notify", python_capability_notify, METH_O, PyDoc_STR("(bits)")},
    {"block_fields", python_capability_block_fields, METH_NOARGS, PyDoc_STR("(size, frozen) of a block.")},
    {"block_view", python_capability_block_view, METH_NOARGS, PyDoc_STR("A memoryview onto a block, which cannot move meanwhile.")},
    {"block_split", python_capability_block_split, METH_O, PyDoc_STR("(offset): a block of the rest.")},
    {"block_freeze", python_capability_block_freeze, METH_NOARGS, PyDoc_STR("Nobody can write to it any more.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"identity", get_identity, NULL, PyDoc_STR("Of what it leads to; also after close()."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_capability_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Capability",
    .tp_doc = PyDoc_STR("A capability that Python holds; made by channel() and service()."),
    .tp_basicsize = sizeof(struct python_capability),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = properties,
};
