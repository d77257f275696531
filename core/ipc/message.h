/* Messages on their way: bytes and capabilities that belong to nobody but the message. */
#ifndef MOTTE_MESSAGE_H
#define MOTTE_MESSAGE_H

#include <stddef.h>

#include "capability.h"
#include "exchange/parcel.h"
#include "guest_memory.h"

struct bank;
struct endpoint;
struct parcel;
struct process;
struct route;
struct worker;

struct message {
    struct message *next;
    uint32_t size, room; /* bytes that it has, and could have */
    uint32_t tag, badge, flags; /* enum motte_message */
    uint32_t rights;            /* of the capability that it was sent with */
    uint32_t state;             /* of a conversation, for its receiver, before it was received */
    uint64_t identity;          /* of the service that it was sent to; 0 */
    uint64_t sender;            /* identity of the process; 0: the host */
    uint64_t traced_as;         /* message_trace.h; 0: it is in no trace */
    struct capability reply;    /* C4; none, if no answer is awaited */
    uint32_t capability_count;
    struct capability capabilities[MOTTE_MESSAGE_CAPABILITIES];
    int32_t handles[MOTTE_MESSAGE_CAPABILITIES]; /* of the sender, for those that moved: where they go if it is not sent */
    struct parcel *parcel; /* of blocks; NULL: it has none */
    struct bank *payer; /* of these bytes, if it is not a queue that pays */
    bool prepaid; /* somebody has paid for it before there was anything to say: it goes into full queues, too, and is paid for there */
    unsigned char bytes[];
};

/* It was fetched through a weak capability: so is what it carries (C5). */
static inline void message_weaken(struct message *message)
{
    for (uint32_t i = 0; i < message->capability_count; i++)
        message->capabilities[i].weak = true;
    if (message->parcel)
        parcel_weaken(message->parcel);
}

/* What a guest passes, and gets. */
struct guest_message {
    uint64_t bytes; /* window address */
    uint32_t size;
    uint32_t room; /* for receiving */
    uint32_t tag, badge, flags;
    int32_t reply;
    int32_t capabilities[MOTTE_MESSAGE_CAPABILITIES];
    int32_t blocks[MOTTE_MESSAGE_BLOCKS];
    uint32_t capability_count, block_count;
};

/* Room that even the smallest has; a worker keeps one such message for the next. */
enum { MESSAGE_SPARE_ROOM = 256 };

/* Without bytes; NULL if the host has no memory. */
struct message *message_create(struct worker *worker, uint32_t size);

/* It has no capabilities any more. */
void message_free(struct worker *worker, struct message *message);

/* Under the lock: its capabilities are dropped, and it is freed; later, if that is asked for by another that is being dropped. */
void message_drop(struct scheduler *scheduler, struct message *message);

/* Who holds a message that is in no queue pays for it: a process that waits for room, or has got it and did not run since.
 * A small one is paid for with the process itself.  False if the bank does not cover it. */
bool message_pay(struct message *message, struct bank *bank);

/* A message to be filled in later, of at most MESSAGE_SPARE_ROOM bytes, which this bank pays for until it is freed.  It has a
 * place wherever it is sent.  NULL if the host has no memory; or the bank does not pay, and is in *refused, with a reference. */
struct message *message_prepay(struct bank *bank, struct bank **refused);

/* It enters a queue, which was paid for. */
void message_unpay(struct message *message);

/* Bytes that it takes of the host's memory. */
uint64_t message_footprint(const struct message *message);

/* What a guest wants to send, capabilities and blocks not included, which are in `request` by handle; the blocks are not in
 * its window any more.  0, or an error. */
int64_t message_fetch(struct process *process, uint64_t claimed_address, struct guest_message *request,
                      struct message **fetched);

/* Under the lock: copies of the sender's capabilities, or those that can only be moved, and its blocks go into the message: all or none.
 * 0, or an error.  `weak`: it goes through a weak capability. */
int64_t message_load(struct process *process, const struct guest_message *request, struct message *message);

/* Under the lock, on the sender's own worker, which did nothing else since: those that moved are the sender's again. */
void message_unload(struct process *process, struct message *message);

/* Under the lock: a message is to be sent with this capability, and so many capabilities in it; it says so from now on. Where
 * it goes, and by which route. 0, or an error. */
int64_t message_address(const struct capability *sender, struct message *message, uint32_t capabilities,
                        struct route *route, struct endpoint **endpoint);

/* To a guest that has room for it, on its own worker. 0; or an error, and the message is as it was. */
int64_t message_deliver(struct process *process, guest_addr address, struct message *message);

/* A notification instead of a message. */
int64_t message_deliver_bits(struct process *process, guest_addr address, uint32_t bits);

#endif
