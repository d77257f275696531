/* Messages that are paid for before there is anything to say. */
#include "python_ipc.h"

#include <string.h>

#include "bank.h"
#include "scheduler.h"

struct python_prepaid {
    PyObject_HEAD
    struct scheduler *scheduler; /* with a reference */
    struct message *message;     /* NULL: it was sent, or given up */
};

static void give_up(struct python_prepaid *self)
{
    struct message *message = self->message;
    self->message = NULL;
    if (message && scheduler_is_here(self->scheduler))
        message_free(NULL, message);
}

/* PrepaidMessage(scheduler, bank) */
static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"scheduler", "bank", NULL};
    struct python_scheduler *owner;
    struct python_bank *payer;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!:PrepaidMessage", names, &python_scheduler_type, &owner,
                                     &python_bank_type, &payer))
        return NULL;
    struct bank *refused;
    struct message *message = message_prepay(payer->bank, &refused);
    if (refused) {
        python_raise_refusal("the bank does not cover a message", bank_identity(refused));
        bank_release(refused);
    }
    if (!message)
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    struct python_prepaid *self = (struct python_prepaid *)type->tp_alloc(type, 0);
    if (!self) {
        message_free(NULL, message);
        return NULL;
    }
    scheduler_retain(owner->scheduler);
    self->scheduler = owner->scheduler;
    self->message = message;
    return (PyObject *)self;
}

static void destroy(PyObject *object)
{
    struct python_prepaid *self = (struct python_prepaid *)object;
    give_up(self);
    if (self->scheduler)
        scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

/* Copies of them. False with an exception. */
static bool load(struct message *message, PyObject *capabilities)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(capabilities); i++) {
        struct python_capability *carried = python_capability_open(PyTuple_GET_ITEM(capabilities, i));
        if (!carried)
            return false;
        bool copies = carried->capability.rights & MOTTE_RIGHT_COPY;
        int64_t attached = copies ? host_ipc_attach(message, &carried->capability) : -MOTTE_ERROR_NO_ACCESS;
        if (attached < 0)
            return python_raise_kernel_error(attached) != NULL;
    }
    return true;
}

/* (sender, bytes, tag, flags, capabilities): once, and never waits; of the capabilities, copies. */
static PyObject *send(PyObject *object, PyObject *arguments)
{
    struct python_prepaid *self = (struct python_prepaid *)object;
    PyObject *sender, *capabilities;
    Py_buffer bytes;
    uint32_t tag, flags;
    if (!PyArg_ParseTuple(arguments, "Oy*O&O&O!:send", &sender, &bytes, python_to_u32, &tag, python_to_u32, &flags,
                          &PyTuple_Type, &capabilities))
        return NULL;
    struct python_capability *to = python_capability_open(sender);
    struct message *message = to ? self->message : NULL;
    int64_t result = -MOTTE_ERROR_INVALID_CAP;
    bool possible = (size_t)bytes.len <= MESSAGE_SPARE_ROOM && !(flags & ~(unsigned)MOTTE_MESSAGE_PRIORITY);
    if (message && possible) {
        self->message = NULL;
        struct host_wait host = {.unsent = NULL};
        memcpy(message->bytes, bytes.buf, (size_t)bytes.len);
        message->size = (uint32_t)bytes.len;
        message->tag = tag;
        message->flags = flags;
        if (load(message, capabilities))
            result = host_ipc_send(&to->capability, message, false, &host);
        if (result < 0)
            host_ipc_discard(self->scheduler, message);
    } else if (message) {
        result = -MOTTE_ERROR_REQUEST_ERROR;
    }
    PyBuffer_Release(&bytes);
    return PyErr_Occurred() ? NULL : python_none_or_error(result);
}

static PyObject *close_prepaid(PyObject *self, PyObject *unused)
{
    (void)unused;
    give_up((struct python_prepaid *)self);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"send", send, METH_VARARGS,
     PyDoc_STR("(sender, bytes, tag, flags, capabilities): once; never waits, and is never refused for want of room.")},
    {"close", close_prepaid, METH_NOARGS, PyDoc_STR("Nothing will be said: the bank has it back.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_prepaid_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.PrepaidMessage",
    .tp_doc = PyDoc_STR("A message that a bank has paid for, to be sent later: it has a place wherever it goes."),
    .tp_basicsize = sizeof(struct python_prepaid),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
