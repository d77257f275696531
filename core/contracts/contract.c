#include "automaton.h"

#include <assert.h>
#include <stdlib.h>

const char *contract_rule_name(enum contract_rule rule)
{
    static const char *const names[] = {
        [CONTRACT_ACCEPTED] = "",
        [CONTRACT_NO_MEMORY] = "no-memory",
        [CONTRACT_TOO_MANY_STATES] = "too-many-states",
        [CONTRACT_TOO_MANY_MESSAGES] = "too-many-messages",
        [CONTRACT_TOO_MANY_TRANSITIONS] = "too-many-transitions",
        [CONTRACT_UNKNOWN_INITIAL] = "unknown-initial",
        [CONTRACT_UNKNOWN_SENDER] = "unknown-sender",
        [CONTRACT_MESSAGE_TOO_LARGE] = "message-too-large",
        [CONTRACT_TAG_TWICE] = "tag-twice",
        [CONTRACT_UNKNOWN_STATE] = "unknown-state",
        [CONTRACT_UNKNOWN_MESSAGE] = "unknown-message",
        [CONTRACT_MESSAGE_TWICE] = "message-twice",
        [CONTRACT_TWO_SENDERS] = "two-senders",
        [CONTRACT_ENDLESS] = "endless",
    };
    assert((size_t)rule < sizeof names / sizeof *names);
    return names[rule];
}

void contract_retain(struct contract *contract)
{
    uint32_t before = atomic_fetch_add_explicit(&contract->references, 1, memory_order_relaxed);
    assert(before && before < UINT32_MAX);
}

void contract_release(struct contract *contract)
{
    uint32_t before = atomic_fetch_sub_explicit(&contract->references, 1, memory_order_acq_rel);
    assert(before);
    if (before == 1)
        free(contract);
}

size_t contract_bytes(const struct contract *contract)
{
    return contract->bytes;
}

uint64_t contract_identity(const struct contract *contract)
{
    return contract->identity;
}

uint32_t contract_initial(const struct contract *contract)
{
    return contract->initial;
}

uint32_t contract_state_count(const struct contract *contract)
{
    return contract->state_count;
}

/* The state's row of that tag, or NULL: it may not be sent there. */
static const struct contract_row *find(const struct contract *contract, uint32_t state, uint32_t guest_tag)
{
    assert(state < contract->state_count);
    size_t low = contract->first[state], high = contract->first[state + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (contract->rows[middle].tag == guest_tag)
            return &contract->rows[middle];
        if (contract->rows[middle].tag < guest_tag)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool contract_step(const struct contract *contract, enum contract_side side, uint32_t state,
                   enum contract_direction direction, uint32_t guest_tag, uint32_t *next)
{
    assert(side == CONTRACT_CLIENT || side == CONTRACT_SERVER);
    assert(direction == CONTRACT_SEND || direction == CONTRACT_RECEIVE);
    const struct contract_row *row = find(contract, state, guest_tag);
    if (!row || (contract->sender[state] == side) != (direction == CONTRACT_SEND))
        return false;
    *next = row->next;
    return true;
}

bool contract_fits(const struct contract *contract, uint32_t state, uint32_t guest_tag, size_t bytes,
                   unsigned capabilities, unsigned blocks)
{
    const struct contract_row *row = find(contract, state, guest_tag);
    if (!row)
        return false;
    const struct contract_message *message = &contract->messages[row->message];
    return bytes <= message->bytes && capabilities <= message->capabilities && blocks <= message->blocks;
}

enum contract_side contract_sender(const struct contract *contract, uint32_t state)
{
    assert(state < contract->state_count);
    return contract->sender[state];
}

bool contract_may_travel(const struct contract *contract, enum contract_side side, uint32_t state)
{
    assert(side == CONTRACT_CLIENT || side == CONTRACT_SERVER);
    return contract_sender(contract, state) == side;
}

struct contract_capacity contract_capacity(const struct contract *contract, enum contract_side sender)
{
    assert(sender == CONTRACT_CLIENT || sender == CONTRACT_SERVER);
    return contract->capacity[sender];
}
