/* Capabilities and messages in Python: what python_capability.c, python_message.c and python_waiting.c share. */
#ifndef MOTTE_PYTHON_IPC_H
#define MOTTE_PYTHON_IPC_H

#include "python_core.h"

#include "ipc/capability.h"
#include "ipc/host_ipc.h"

struct python_completions {
    PyObject_HEAD
    struct completions completions;
};

struct python_capability {
    PyObject_HEAD
    struct scheduler *scheduler; /* with a reference */
    struct capability capability; /* no object: closed, or moved away */
    uint64_t identity; /* of the object, even if that is gone */
};

/* The exception for a number of enum motte_error, negated; NULL. */
PyObject *python_raise_kernel_error(int64_t error);

/* None, or the same if it is less than 0. */
PyObject *python_none_or_error(int64_t result);

/* Takes the capability over, even if there is no memory for the object. */
PyObject *python_capability_wrap(struct scheduler *scheduler, struct capability capability);

/* NULL with an exception.  Another thread may close it whenever the GIL is released, and code of Python's too: so look just
 * before the use. */
struct python_capability *python_capability_open(PyObject *object);

/* --- python_message.c: methods of Capability, and module functions --- */

/* NULL with an exception.  Capabilities that can only be moved leave those who had them. */
struct message *python_message_make(struct scheduler *scheduler, const Py_buffer *bytes, uint32_t tag, uint32_t flags,
                                    PyObject *capabilities);

/* It was not sent: they have them again, and it is freed. */
void python_message_unmake(struct scheduler *scheduler, struct message *message, PyObject *capabilities);

/* True with an exception, and the message is unmade, if what it was to be sent with has moved into it. */
bool python_message_took(struct python_capability *self, struct message *message, PyObject *capabilities);

/* What came, as a tuple; takes it over. */
PyObject *python_message_show(struct scheduler *scheduler, const struct host_wait *host);

/* The exception for what a wait has come to, with the bank that refused if one did; NULL. */
PyObject *python_raise_outcome(int64_t error, const struct host_wait *host);

/* Each may be None.  False with an exception. */
bool python_parse_match(PyObject *tag, PyObject *badge, struct match *match);
bool python_parse_receivers(PyObject *receivers, const struct capability *several[], uint32_t *count);

PyObject *python_capability_send(PyObject *self, PyObject *arguments);
PyObject *python_capability_call(PyObject *self, PyObject *arguments);
PyObject *python_capability_receive(PyObject *object, PyObject *arguments);
PyObject *python_capability_reply(PyObject *object, PyObject *arguments);
PyObject *python_capability_notify(PyObject *object, PyObject *argument);

/* --- python_block.c --- */

/* False with an exception: somebody sees it. True of what is no block, too. */
bool python_block_can_move(struct python_capability *self);

PyObject *python_capability_block_fields(PyObject *object, PyObject *unused);
PyObject *python_capability_block_view(PyObject *object, PyObject *unused);
PyObject *python_capability_block_split(PyObject *object, PyObject *argument);
PyObject *python_capability_block_freeze(PyObject *object, PyObject *unused);

/* --- python_service.c --- */

PyObject *python_capability_identify(PyObject *object, PyObject *other);
PyObject *python_capability_next_abandoned(PyObject *object, PyObject *unused);
PyObject *python_capability_expect_end(PyObject *object, PyObject *expected);
PyObject *python_capability_next_ended(PyObject *object, PyObject *unused);
PyObject *python_capability_receivers(PyObject *object, PyObject *unused);

/* --- python_waiting.c --- */

PyObject *python_capability_begin_send(PyObject *self, PyObject *arguments);
PyObject *python_capability_begin_call(PyObject *self, PyObject *arguments);
PyObject *python_capability_begin_receive(PyObject *object, PyObject *arguments);

#endif
