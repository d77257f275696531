/* Conversations: two opposite queues between two sides that follow a contract (contracts/contract.h).
 *
 * An end of a conversation is one capability: its holder sends to the other side with it, and receives what that sends.  It
 * leads to the endpoint at which its side receives.  It is there once: it moves and is not copied, so that the state of a
 * side is its one holder's business.
 *
 *     K1  A message that the contract does not allow now, or not with so much, is refused to its sender, and nothing has
 *         happened.
 *     K2  So whatever is in a queue is what its receiver may receive next; this is looked at again when it is received.
 *     K3  A queue has room for all that the contract lets it hold: nobody waits for room.
 *     K4  An end moves only where its side is about to send: nothing is on its way to it then.
 *
 * What would go past the contract has no place in a conversation: calls, notifications, priority, and choosing among
 * messages.
 *
 * The bank that pays for the queues pays for the contract, too, until both ends have died: each conversation for itself, because
 * any of those that follow it may be the one that keeps it.
 *
 * All of it under the scheduler's lock, but for its creation.
 */
#ifndef MOTTE_CONVERSATION_H
#define MOTTE_CONVERSATION_H

#include "capability.h"
#include "contracts/contract.h"

struct bank;
struct endpoint;
struct message;

struct conversation {
    struct contract *contract; /* NULL: both ends have died */
    uint64_t contract_identity;
    struct bank *bank;         /* with a reference, until then */
    uint64_t charged_bytes;
    struct endpoint *ends[2]; /* by the side that receives there */
    uint32_t state[2];        /* for each side */
    uint32_t referred;        /* of both ends: the last one frees both */
    uint32_t alive;           /* of both ends: without any, nobody follows the contract */
};

/* Both ends, by side: 0; or -LIMIT_REACHED, and in *refused the bank that did not pay, with a reference, if it was that.
 * Takes the lock itself. */
int conversation_create(struct scheduler *scheduler, struct bank *bank, struct contract *contract,
                        struct capability ends[2], struct bank **refused);

/* Where the holder of an end sends to. */
struct endpoint *conversation_peer(const struct endpoint *end);

/* Whether this message, with so many capabilities, may be sent to an end now: 0, or an error. */
int64_t conversation_allows(const struct endpoint *to, const struct message *message, uint32_t capabilities);

/* It has been: the state of the sender's side changes; that of the receiver's. */
void conversation_sent(const struct endpoint *to, const struct message *message);
void conversation_received(const struct endpoint *end, struct message *message);

/* It could not be taken after all: it is as if it had not been received.  False if the side has gone on since then. */
bool conversation_put_back(const struct endpoint *end, const struct message *message);

/* K4: for the side whose end this is. */
bool conversation_may_travel(const struct endpoint *end);

/* One end is dead: its bank was destroyed. */
void conversation_end_died(struct conversation *conversation);

/* Nobody refers to this end any more. */
void conversation_leave(struct endpoint *end);

#endif
