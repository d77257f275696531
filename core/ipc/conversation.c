#include "conversation.h"

#include <stdlib.h>

#include "bank.h"
#include "endpoint.h"
#include "exchange/parcel.h"
#include "message.h"
#include "panic.h"
#include "scheduler.h"

enum { ALLOCATOR_BYTES = 64 }; /* what the host's allocator adds to two blocks */

static enum contract_side other(enum contract_side side)
{
    return side == CONTRACT_CLIENT ? CONTRACT_SERVER : CONTRACT_CLIENT;
}

/* --- beginning and end ---------------------------------------------------------------------------------------------------- */

/* A queue for what the other side sends; one that never sends needs a place no less than others. */
static int create_end(struct scheduler *scheduler, struct bank *bank, struct conversation *conversation,
                      enum contract_side side, struct bank **refused)
{
    struct contract_capacity capacity = contract_capacity(conversation->contract, other(side));
    uint32_t messages = capacity.messages ? capacity.messages : 1;
    int result = endpoint_create(scheduler, bank, messages, capacity.bytes, &conversation->ends[side], refused);
    if (result == 0)
        conversation->ends[side]->side = side;
    return result;
}

/* Nobody follows the contract any more. */
static void stop_paying(struct conversation *conversation)
{
    contract_release(conversation->contract);
    conversation->contract = NULL;
    bank_refund_bytes(conversation->bank, conversation->charged_bytes);
    bank_release(conversation->bank);
}

/* Nobody has seen the ends before both are there; but their bank may have been destroyed meanwhile. */
static void connect(struct scheduler *scheduler, struct conversation *conversation, struct capability ends[2])
{
    pthread_mutex_lock(&scheduler->lock);
    for (int side = 0; side < 2; side++) {
        conversation->ends[side]->conversation = conversation;
        conversation->state[side] = contract_initial(conversation->contract);
    }
    conversation->referred = conversation->alive = 2;
    for (int side = 0; side < 2; side++)
        if (conversation->ends[side]->object.dead)
            conversation_end_died(conversation);
    for (int side = 0; side < 2; side++) {
        ends[side] = capability_make(&conversation->ends[side]->object, MOTTE_RIGHT_SEND | MOTTE_RIGHT_RECEIVE, 0);
        object_release(&conversation->ends[side]->object);
    }
    pthread_mutex_unlock(&scheduler->lock);
}

/* Without ends yet. */
static struct conversation *allocate(struct bank *bank, struct contract *contract, struct bank **refused)
{
    uint64_t bytes = sizeof(struct conversation) + contract_bytes(contract) + ALLOCATOR_BYTES;
    if (!bank_charge_bytes(bank, bytes, refused))
        return NULL;
    struct conversation *conversation = calloc(1, sizeof *conversation);
    if (!conversation) {
        bank_refund_bytes(bank, bytes);
        return NULL;
    }
    contract_retain(contract);
    bank_retain(bank);
    conversation->contract = contract;
    conversation->contract_identity = contract_identity(contract);
    conversation->bank = bank;
    conversation->charged_bytes = bytes;
    return conversation;
}

int conversation_create(struct scheduler *scheduler, struct bank *bank, struct contract *contract,
                        struct capability ends[2], struct bank **refused)
{
    *refused = NULL;
    struct conversation *conversation = allocate(bank, contract, refused);
    if (!conversation)
        return -MOTTE_ERROR_LIMIT_REACHED;
    int result = create_end(scheduler, bank, conversation, CONTRACT_CLIENT, refused);
    if (result == 0)
        result = create_end(scheduler, bank, conversation, CONTRACT_SERVER, refused);
    if (result == 0) {
        connect(scheduler, conversation, ends);
        return 0;
    }
    if (conversation->ends[CONTRACT_CLIENT]) {
        pthread_mutex_lock(&scheduler->lock);
        object_release(&conversation->ends[CONTRACT_CLIENT]->object);
        pthread_mutex_unlock(&scheduler->lock);
    }
    stop_paying(conversation);
    free(conversation);
    return result;
}

void conversation_end_died(struct conversation *conversation)
{
    if (--conversation->alive == 0)
        stop_paying(conversation);
}

void conversation_leave(struct endpoint *end)
{
    struct conversation *conversation = end->conversation;
    if (!end->object.dead)
        conversation_end_died(conversation);
    if (--conversation->referred)
        return;
    free(conversation->ends[CONTRACT_CLIENT]);
    free(conversation->ends[CONTRACT_SERVER]);
    free(conversation);
}

/* --- following the contract ----------------------------------------------------------------------------------------------- */

struct endpoint *conversation_peer(const struct endpoint *end)
{
    return end->conversation->ends[other(end->side)];
}

int64_t conversation_allows(const struct endpoint *to, const struct message *message, uint32_t capabilities)
{
    const struct contract *contract = to->conversation->contract;
    enum contract_side side = other(to->side);
    uint32_t state = to->conversation->state[side], next, blocks = message->parcel ? message->parcel->count : 0;
    if (message->flags & MOTTE_MESSAGE_PRIORITY)
        return -MOTTE_ERROR_REQUEST_ERROR;
    bool allowed = contract_step(contract, side, state, CONTRACT_SEND, message->tag, &next)
                && contract_fits(contract, state, message->tag, message->size, capabilities, blocks);
    return allowed ? 0 : -MOTTE_ERROR_CONTRACT_VIOLATION;
}

static void step(struct conversation *conversation, enum contract_side side, enum contract_direction direction, uint32_t tag)
{
    uint32_t *state = &conversation->state[side];
    bool allowed = contract_step(conversation->contract, side, *state, direction, tag, state);
    require(allowed, "a conversation has left its contract");
}

void conversation_sent(const struct endpoint *to, const struct message *message)
{
    step(to->conversation, other(to->side), CONTRACT_SEND, message->tag);
}

void conversation_received(const struct endpoint *end, struct message *message)
{
    message->state = end->conversation->state[end->side];
    step(end->conversation, end->side, CONTRACT_RECEIVE, message->tag);
}

bool conversation_put_back(const struct endpoint *end, const struct message *message)
{
    struct conversation *conversation = end->conversation;
    uint32_t after;
    if (!conversation->contract)
        return false;
    if (!contract_step(conversation->contract, end->side, message->state, CONTRACT_RECEIVE, message->tag, &after)
        || conversation->state[end->side] != after)
        return false;
    conversation->state[end->side] = message->state;
    return true;
}

bool conversation_may_travel(const struct endpoint *end)
{
    const struct conversation *conversation = end->conversation;
    return !end->object.dead && contract_may_travel(conversation->contract, end->side, conversation->state[end->side]);
}
