/* Messages as Python sends and receives them.
 *
 * One is (bytes, tag, badge, flags, capabilities, reply or None, service identity, sender's identity, rights); a notification
 * has its bits in the place of the tag.  Blocks are the last of the capabilities. */
#include "python_ipc.h"

#include <errno.h>

#include "exchange/block.h"
#include "scheduler.h"

/* --- to the core ---------------------------------------------------------------------------------------------------------- */

static bool attach(struct scheduler *scheduler, struct message *message, PyObject *object)
{
    struct python_capability *attached = python_capability_open(object);
    if (!attached)
        return false;
    if (!python_block_can_move(attached))
        return false;
    bool foreign = attached->scheduler != scheduler;
    int64_t result = foreign ? -MOTTE_ERROR_REQUEST_ERROR : host_ipc_attach(message, &attached->capability);
    if (result < 0)
        python_raise_kernel_error(result);
    return result == 0;
}

struct message *python_message_make(struct scheduler *scheduler, const Py_buffer *bytes, uint32_t tag, uint32_t flags,
                                    PyObject *capabilities)
{
    if (bytes->len > (Py_ssize_t)MOTTE_MESSAGE_BYTES || flags & ~(unsigned)MOTTE_MESSAGE_PRIORITY)
        return (struct message *)python_raise_kernel_error(-MOTTE_ERROR_REQUEST_ERROR);
    struct message *message = host_ipc_message(bytes->buf, (uint32_t)bytes->len, tag, flags);
    if (!message)
        return (struct message *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(capabilities); i++) {
        if (attach(scheduler, message, PyTuple_GET_ITEM(capabilities, i)))
            continue;
        python_message_unmake(scheduler, message, capabilities);
        return NULL;
    }
    return message;
}

bool python_message_took(struct python_capability *self, struct message *message, PyObject *capabilities)
{
    if (self->capability.object)
        return false;
    python_message_unmake(self->scheduler, message, capabilities);
    python_raise_kernel_error(-MOTTE_ERROR_INVALID_CAP);
    return true;
}

/* Those that were not copied. */
static void give_back_blocks(struct message *message, PyObject *capabilities)
{
    for (uint32_t i = 0; i < message->parcel->count; i++) {
        PyObject *owner = PyTuple_GET_ITEM(capabilities, message->capability_count + i);
        struct capability *block = &message->parcel->blocks[i];
        if (block_of(block)->pages.frozen)
            continue;
        ((struct python_capability *)owner)->capability = *block;
        block->object = NULL;
    }
}

void python_message_unmake(struct scheduler *scheduler, struct message *message, PyObject *capabilities)
{
    if (message->parcel)
        give_back_blocks(message, capabilities);
    for (uint32_t i = 0; i < message->capability_count; i++) {
        struct python_capability *owner = (struct python_capability *)PyTuple_GET_ITEM(capabilities, i);
        if (message->capabilities[i].rights & MOTTE_RIGHT_COPY)
            continue;
        owner->capability = message->capabilities[i];
        message->capabilities[i].object = NULL;
    }
    host_ipc_discard(scheduler, message);
}

bool python_parse_match(PyObject *tag, PyObject *badge, struct match *match)
{
    *match = (struct match){.by_tag = tag != Py_None, .by_badge = badge != Py_None};
    return (!match->by_tag || python_to_u32(tag, &match->tag)) && (!match->by_badge || python_to_u32(badge, &match->badge));
}

/* --- from the core -------------------------------------------------------------------------------------------------------- */

static PyObject *show_message(struct scheduler *scheduler, struct message *message)
{
    uint32_t count = message->capability_count, blocks = message->parcel ? message->parcel->count : 0;
    PyObject *capabilities = PyTuple_New(count + blocks);
    PyObject *reply = message->reply.object ? python_capability_wrap(scheduler, message->reply) : Py_NewRef(Py_None);
    message->reply.object = NULL;
    bool complete = capabilities && reply;
    for (uint32_t i = 0; complete && i < count + blocks; i++) {
        struct capability *carried = i < count ? &message->capabilities[i] : &message->parcel->blocks[i - count];
        PyObject *wrapped = python_capability_wrap(scheduler, *carried);
        carried->object = NULL;
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

PyObject *python_message_show(struct scheduler *scheduler, const struct host_wait *host)
{
    if (host->wait.message)
        return show_message(scheduler, host->wait.message);
    return Py_BuildValue("y#III()OKKI", "", (Py_ssize_t)0, host->wait.bits, 0, MOTTE_MESSAGE_NOTIFICATION, Py_None, 0ULL,
                         0ULL, 0);
}

PyObject *python_raise_outcome(int64_t error, const struct host_wait *host)
{
    if (error != -MOTTE_ERROR_LIMIT_REACHED || !host->refused)
        return python_raise_kernel_error(error);
    python_raise_refusal("the bank of the receiver does not cover the blocks that came", host->refused);
    return NULL;
}

/* --- waiting -------------------------------------------------------------------------------------------------------------- */

/* Waits if there is something to wait for; Python's signal handlers run meanwhile, and one that raises ends the waiting.
 * False with an exception. */
static bool settle(struct scheduler *scheduler, int64_t begun, struct host_wait *host, uint64_t timeout_ns)
{
    const struct deadline deadline = deadline_after(timeout_ns);
    int64_t result = begun;
    while (result == HOST_WAITS || result == -EINTR) {
        Py_BEGIN_ALLOW_THREADS
        result = host_ipc_wait(scheduler, host, deadline);
        Py_END_ALLOW_THREADS
        if (result == -EINTR && PyErr_CheckSignals() < 0) {
            host_ipc_cancel(scheduler, host);
            return false;
        }
    }
    if (result == 0)
        result = host->wait.result < 0 ? host->wait.result : 0;
    if (result < 0)
        python_raise_outcome(result, host);
    return result == 0;
}

/* --- sending -------------------------------------------------------------------------------------------------------------- */

/* A message that was not sent gives back what had moved into it. */
static PyObject *dispatch(PyObject *object, PyObject *arguments, bool calls)
{
    Py_buffer bytes;
    uint32_t tag, flags;
    PyObject *capabilities, *result = NULL;
    uint64_t timeout_ns;
    if (!PyArg_ParseTuple(arguments, "y*O&O&O!O&", &bytes, python_to_u32, &tag, python_to_u32, &flags, &PyTuple_Type,
                          &capabilities, python_to_limit, &timeout_ns))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    struct message *message =
        self ? python_message_make(self->scheduler, &bytes, tag, flags, capabilities) : NULL;
    struct host_wait host = {.unsent = NULL};
    if (message && !python_message_took(self, message, capabilities)) {
        struct scheduler *scheduler = self->scheduler;
        scheduler_retain(scheduler); /* it is used without the GIL */
        int64_t begun = (calls ? host_ipc_call : host_ipc_send)(&self->capability, message, timeout_ns > 0, &host);
        if (settle(scheduler, begun, &host, timeout_ns))
            result = calls ? python_message_show(scheduler, &host) : Py_NewRef(Py_None);
        if (host.unsent)
            python_message_unmake(scheduler, host.unsent, capabilities);
        scheduler_release(scheduler);
    }
    PyBuffer_Release(&bytes);
    return result;
}

PyObject *python_capability_send(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, false);
}

PyObject *python_capability_call(PyObject *self, PyObject *arguments)
{
    return dispatch(self, arguments, true);
}

PyObject *python_capability_reply(PyObject *object, PyObject *arguments)
{
    Py_buffer bytes;
    uint32_t tag;
    PyObject *capabilities, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "y*O&O!:reply", &bytes, python_to_u32, &tag, &PyTuple_Type, &capabilities))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    struct message *message = self ? python_message_make(self->scheduler, &bytes, tag, 0, capabilities) : NULL;
    if (message && !python_message_took(self, message, capabilities)) {
        int64_t replied = host_ipc_reply(&self->capability, message);
        if (replied < 0)
            python_message_unmake(self->scheduler, message, capabilities);
        result = python_none_or_error(replied);
    }
    PyBuffer_Release(&bytes);
    return result;
}

PyObject *python_capability_notify(PyObject *object, PyObject *argument)
{
    uint32_t bits;
    if (!python_to_u32(argument, &bits))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    return self ? python_none_or_error(host_ipc_notify(&self->capability, bits)) : NULL;
}

/* --- receiving ------------------------------------------------------------------------------------------------------------ */

PyObject *python_capability_receive(PyObject *object, PyObject *arguments)
{
    uint64_t timeout_ns;
    PyObject *tag, *badge, *result = NULL;
    struct match match;
    if (!PyArg_ParseTuple(arguments, "O&OO:receive", python_to_limit, &timeout_ns, &tag, &badge)
        || !python_parse_match(tag, badge, &match))
        return NULL;
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    struct scheduler *scheduler = self->scheduler;
    scheduler_retain(scheduler);
    struct host_wait host;
    int64_t begun = host_ipc_receive(&self->capability, match, timeout_ns > 0, &host);
    if (settle(scheduler, begun, &host, timeout_ns))
        result = python_message_show(scheduler, &host);
    scheduler_release(scheduler);
    return result;
}

bool python_parse_receivers(PyObject *receivers, const struct capability *several[], uint32_t *count)
{
    Py_ssize_t length = PyTuple_GET_SIZE(receivers);
    if (length < 1 || length > (Py_ssize_t)MOTTE_SELECT_LIMIT) {
        python_raise_kernel_error(-MOTTE_ERROR_REQUEST_ERROR);
        return false;
    }
    for (Py_ssize_t i = 0; i < length; i++) {
        struct python_capability *each = python_capability_open(PyTuple_GET_ITEM(receivers, i));
        if (!each)
            return false;
        several[i] = &each->capability;
    }
    *count = (uint32_t)length;
    return true;
}

/* ((receiver, ...), timeout): the index of one that has something, or whose senders are gone. */
PyObject *python_select(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *receivers;
    uint64_t timeout_ns;
    const struct capability *several[MOTTE_SELECT_LIMIT];
    uint32_t count;
    if (!PyArg_ParseTuple(arguments, "O!O&:select", &PyTuple_Type, &receivers, python_to_limit, &timeout_ns)
        || !python_parse_receivers(receivers, several, &count))
        return NULL;
    struct scheduler *scheduler = ((struct python_capability *)PyTuple_GET_ITEM(receivers, 0))->scheduler;
    scheduler_retain(scheduler);
    struct host_wait host;
    bool settled = settle(scheduler, host_ipc_select(several, count, timeout_ns > 0, &host), &host, timeout_ns);
    scheduler_release(scheduler);
    return settled ? PyLong_FromLongLong(host.wait.result) : NULL;
}
