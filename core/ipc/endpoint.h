/* Endpoints: bounded queues of messages, with capabilities to send and to receive.
 *
 * Who receives has paid for the queue in advance; sending allocates nothing that anybody has to pay for, and is refused
 * when the queue is full.  The one exception are endpoints of the host itself, whose senders pay.  Of a promise that is not to
 * be broken (that somebody will be told of an end, say) the message is paid for when the promise is made, by whoever asks
 * for it (message_prepay): it finds a place in full queues, and takes none from others.
 *
 * Order: messages with PRIORITY before the others, each in the order in which they were sent.  A receiver may ask for
 * those with one tag or badge only; the others keep their places.
 *
 * Peers: once no capability can send any more, whoever receives learns it after the last message.  Once none can receive,
 * whatever is sent is gone at once, and calls fail.
 */
#ifndef MOTTE_ENDPOINT_H
#define MOTTE_ENDPOINT_H

#include "capability.h"
#include "contracts/contract.h"
#include "waiting.h"

struct bank;
struct conversation;
struct message;
struct service;

/* All capabilities with one badge. */
struct badge {
    uint32_t value, holders, senders;
    uint64_t valid_from;
};

struct endpoint {
    struct object object;
    struct bank *bank;
    uint64_t charged_bytes;
    uint32_t capacity, queued; /* messages */
    uint32_t prepaid;          /* messages that wait here, too, and are not counted there: others pay for them */
    uint64_t buffer, buffered; /* bytes */
    struct message *first, *last, *last_urgent; /* the last with PRIORITY */
    struct message *looked_at;                  /* the last that transfer_rescind() has left here, while it goes through them */
    struct waiter *first_waiter, *last_waiter; /* for messages */
    struct waiter *first_sender, *last_sender; /* for room */
    uint32_t senders, receivers;               /* C3 */
    uint32_t notification;                     /* bits that were posted and not yet received */
    struct badge *badges;                      /* by value */
    uint32_t badge_count, badge_room;
    bool senders_pay;
    uint64_t received_by; /* identity of the process that was granted it, or received from it last; 0: none has */
    bool host_receives; /* a thread of the host has */
    struct conversation *conversation; /* if it is an end of one; its capabilities send to the other end then */
    enum contract_side side;
    struct service *abandoned; /* of the services that are called here */
    struct process *first_ended, **last_ended; /* whose ends are told here, and have come */
    struct endpoint *next, **link; /* scheduler->endpoints */
};

enum { ENDPOINT_BADGES = 4096 }; /* different ones of one endpoint, at most */

/* An endpoint that nobody holds yet: one of the host's own if `bank` is NULL.  0; -REQUEST_ERROR; or -LIMIT_REACHED, and in
 * *refused the bank that did not pay, with a reference, if it was that.  Takes the lock itself. */
int endpoint_create(struct scheduler *scheduler, struct bank *bank, uint64_t capacity, uint64_t buffer,
                    struct endpoint **created, struct bank **refused);

/* Under the lock: the two capabilities that its maker gets, in the place of the maker's own reference. */
void endpoint_give_out(struct endpoint *endpoint, struct capability *sender, struct capability *receiver);

/* Bytes that such an endpoint takes. */
uint64_t endpoint_bytes(uint64_t capacity, uint64_t buffer);

/* Who has how many messages waiting. */
struct mailbox {
    uint64_t process;
    uint32_t queued;
};

/* Of the queues that are not empty and some process receives from, so many at most; how many there are.  Takes the lock itself,
 * and holds it while it looks at all endpoints: for people who look, not for programs that run. */
uint32_t endpoints_mailboxes(struct scheduler *scheduler, struct mailbox *mailboxes, uint32_t most);

/* --- under the lock ----------------------------------------------------------------------------------------------------- */

/* It ends: its messages are dropped, and all capabilities to it are invalid. */
void endpoint_kill(struct endpoint *endpoint);

/* Ends all endpoints that draw from this bank, which was destroyed; those of the host itself, too, if it is NULL.  Takes the
 * lock itself. */
void endpoints_rescind(struct scheduler *scheduler, struct bank *bank);

/* One capability to it more or less. */
void endpoint_count(struct endpoint *endpoint, const struct capability *capability);
void endpoint_discount(struct endpoint *endpoint, const struct capability *capability);

/* Whether one may receive by tag or badge: where looking takes long, or the order is agreed, one may not. */
static inline bool endpoint_offers_choice(const struct endpoint *endpoint)
{
    return endpoint->capacity <= MOTTE_SELECTIVE_CAPACITY && !endpoint->conversation;
}

/* Whether a capability with this badge and stamp is valid. */
bool endpoint_admits(const struct endpoint *endpoint, const struct capability *capability);

/* Room for a badge; false if the bank or the host has none. */
bool endpoint_prepare_badge(struct endpoint *endpoint, uint32_t badge);

/* Makes all capabilities to it invalid but `kept`; or only those with this badge, if it is not 0. */
void endpoint_revoke(struct endpoint *endpoint, struct capability *kept, uint32_t badge);

/* Nobody refers to it any more. */
void endpoint_free(struct endpoint *endpoint);

#endif
