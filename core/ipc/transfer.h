/* How messages find their receivers. Under the scheduler's lock, all of it. */
#ifndef MOTTE_TRANSFER_H
#define MOTTE_TRANSFER_H

#include "endpoint.h"
#include "message.h"
#include "scheduler.h"
#include "waiting.h"

/* Gives the message to somebody who waits for it, or to nobody at all if nobody can receive; else queues it.  Takes the
 * message over; only if it has not to wait. */
void transfer_send(struct endpoint *endpoint, struct message *message);

/* Who waits for just this message, first in line; NULL.  It stays in line. */
struct wait *transfer_taker(const struct endpoint *endpoint, const struct message *message);

/* Whether it has to wait: nobody takes it at once, and there is no room for it, or others wait for that already. */
bool transfer_is_full(const struct endpoint *endpoint, const struct message *message);

/* Takes the first message that matches, or all notification bits: 1; 0 if there is neither; -PEER_CLOSED if none will come. */
int64_t transfer_receive(struct endpoint *endpoint, struct match match, struct message **message, uint32_t *bits);

/* Whether that would answer 1 or less than 0 now. */
bool transfer_is_ready(const struct endpoint *endpoint, struct match match);

/* To the next in line, or back to the head of the queue: its receiver could not take it. */
void transfer_put_back(struct endpoint *endpoint, struct message *message);

/* Posts bits with this capability: 0, or an error. */
int64_t transfer_post(const struct capability *sender, uint32_t bits);

/* Posts bits. */
void transfer_notify(struct endpoint *endpoint, uint32_t bits);

/* Nobody can send any more; nobody can receive any more. */
void transfer_senders_gone(struct endpoint *endpoint);
void transfer_receivers_gone(struct endpoint *endpoint);

/* The bank was destroyed: what it has paid for is not delivered any more.  Others get the lock meanwhile, so the caller holds a
 * reference; one at a time, which the interpreter's lock sees to. */
void transfer_rescind(struct endpoint *endpoint, struct bank *bank);

/* Nobody waits any more through a capability that is invalid. */
void transfer_end_waits(struct endpoint *endpoint);

/* Opens a call: its number, for a capability to answer it. */
struct capability caller_open(struct caller *caller, struct wait *wait);

/* The answer to an open call; NULL: there will be none. */
void caller_answer(struct caller *caller, struct message *answer);

/* After anything that may have dropped messages or made processes ready, as the last thing under the lock: it is let go between
 * pieces of the work, since whoever drops a long queue must not hold up everybody else. */
void ipc_settle(struct scheduler *scheduler);

/* The same, and others get the lock for a moment. */
void ipc_pause(struct scheduler *scheduler);

/* Whether something was dropped and not taken apart yet. */
static inline bool ipc_is_unsettled(const struct scheduler *scheduler)
{
    return scheduler->dropped_messages || scheduler->dropped_tables;
}

#endif
