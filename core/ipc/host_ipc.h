/* Threads of the host that send and receive: any thread, without the scheduler's lock.
 *
 * Each operation has two halves.  The first does what can be done at once and answers HOST_WAITS if that was not all; then
 * host_ipc_wait() waits, and may be interrupted by a signal and called again; host_ipc_cancel() gives up.  In the end the struct
 * host_wait says what came.  A thread that has more to wait for has a struct completions, and leaves its waits alone until
 * that tells of them.
 */
#ifndef MOTTE_HOST_IPC_H
#define MOTTE_HOST_IPC_H

#include <stddef.h>

#include "completions.h"
#include "lifecycle.h"
#include "message.h"
#include "parking.h"
#include "waiting.h"

enum { HOST_WAITS = 1 };

struct host_wait {
    struct wait wait; /* first; result, message and bits are the outcome */
    struct parking over;     /* where the thread sleeps; called when it is over */
    struct endpoint *source; /* that it receives from */
    struct caller *caller;   /* with a reference, if it calls */
    uint64_t refused;        /* identity of the bank that does not pay for what came; 0 */
    struct message *unsent;  /* an error came before it was sent: it is the caller's again */
    struct completion told; /* when it is over, if it has completions */
    struct waiter places[MOTTE_SELECT_LIMIT];
};

/* A message with these bytes; NULL if the host has no memory. */
struct message *host_ipc_message(const void *bytes, uint32_t size, uint32_t tag, uint32_t flags);

/* A copy of a capability goes with the message, or itself if it can only be moved.  Blocks are the last ones.  0, or an
 * error. */
int64_t host_ipc_attach(struct message *message, struct capability *capability);

/* Each answers 0, HOST_WAITS if it `may_wait`, or an error. A message that is not sent, now or in the end, is in `unsent`. */
int64_t host_ipc_send(const struct capability *sender, struct message *message, bool may_wait, struct host_wait *host);
int64_t host_ipc_call(const struct capability *sender, struct message *message, bool may_wait, struct host_wait *host);
int64_t host_ipc_receive(const struct capability *receiver, struct match match, bool may_wait, struct host_wait *host);
int64_t host_ipc_select(const struct capability *const receivers[], uint32_t count, bool may_wait, struct host_wait *host);

/* Uses the capability up, and takes the answer over; neither if it answers an error: this is no such capability. */
int64_t host_ipc_reply(struct capability *reply, struct message *answer);

int64_t host_ipc_notify(const struct capability *sender, uint32_t bits);

/* 0: it is over, see host->wait.  -MOTTE_ERROR_TIMEOUT: it is over, too.  -EINTR: it is not. */
int64_t host_ipc_wait(struct scheduler *scheduler, struct host_wait *host, struct deadline deadline);
void host_ipc_cancel(struct scheduler *scheduler, struct host_wait *host);

/* After HOST_WAITS: these will be told when it is over; or are now, if it is. */
void host_ipc_tell(struct scheduler *scheduler, struct host_wait *host, struct completions *completions);

/* Under the lock, for waiting.c: it is over. */
void host_ipc_finished(struct wait *wait);

/* What came and is not wanted any more. */
void host_ipc_discard(struct scheduler *scheduler, struct message *message);

#endif
