/* From flat arrays to a contract: every claim is checked before anything is built on it. */
#include "automaton.h"

#include <stdlib.h>
#include <string.h>

struct numbered_tag {
    uint32_t tag, message;
};

static int order_of_tags(const void *left, const void *right)
{
    const struct numbered_tag *a = left, *b = right;
    if (a->tag != b->tag)
        return a->tag < b->tag ? -1 : 1;
    return a->message < b->message ? -1 : a->message > b->message;
}

static enum contract_rule check_tags(const struct contract_description *claimed, uint32_t *place)
{
    struct numbered_tag *tags = malloc(claimed->message_count * sizeof *tags + 1);
    if (!tags)
        return CONTRACT_NO_MEMORY;
    for (uint32_t i = 0; i < claimed->message_count; i++)
        tags[i] = (struct numbered_tag){claimed->messages[i].tag, i};
    qsort(tags, claimed->message_count, sizeof *tags, order_of_tags);
    enum contract_rule rule = CONTRACT_ACCEPTED;
    for (uint32_t i = 1; i < claimed->message_count && !rule; i++)
        if (tags[i].tag == tags[i - 1].tag) {
            *place = tags[i].message;
            rule = CONTRACT_TAG_TWICE;
        }
    free(tags);
    return rule;
}

static enum contract_rule check_messages(const struct contract_description *claimed, uint32_t *place)
{
    for (uint32_t i = 0; i < claimed->message_count; i++) {
        const struct contract_message *message = &claimed->messages[i];
        *place = i;
        if (message->sender != CONTRACT_CLIENT && message->sender != CONTRACT_SERVER)
            return CONTRACT_UNKNOWN_SENDER;
        if (message->bytes > CONTRACT_BYTES_LIMIT || message->capabilities > CONTRACT_CAPABILITIES_LIMIT
            || message->blocks > CONTRACT_BLOCKS_LIMIT)
            return CONTRACT_MESSAGE_TOO_LARGE;
    }
    return check_tags(claimed, place);
}

static enum contract_rule check_transitions(const struct contract_description *claimed, uint32_t *place)
{
    for (uint32_t i = 0; i < claimed->transition_count; i++) {
        const struct contract_transition *transition = &claimed->transitions[i];
        *place = i;
        if (transition->state >= claimed->state_count || transition->next >= claimed->state_count)
            return CONTRACT_UNKNOWN_STATE;
        if (transition->message >= claimed->message_count)
            return CONTRACT_UNKNOWN_MESSAGE;
    }
    return CONTRACT_ACCEPTED;
}

static enum contract_rule check(const struct contract_description *claimed, uint32_t *place)
{
    if (claimed->state_count > CONTRACT_STATE_LIMIT)
        return CONTRACT_TOO_MANY_STATES;
    if (claimed->message_count > CONTRACT_MESSAGE_LIMIT)
        return CONTRACT_TOO_MANY_MESSAGES;
    if (claimed->transition_count > CONTRACT_TRANSITION_LIMIT)
        return CONTRACT_TOO_MANY_TRANSITIONS;
    if (claimed->initial >= claimed->state_count)
        return CONTRACT_UNKNOWN_INITIAL;
    enum contract_rule rule = check_messages(claimed, place);
    return rule ? rule : check_transitions(claimed, place);
}

size_t contract_bytes_needed(const struct contract_description *claimed)
{
    return sizeof(struct contract) + claimed->message_count * sizeof(struct contract_message)
           + claimed->transition_count * sizeof(struct contract_row)
           + ((size_t)claimed->state_count + 1) * sizeof(uint16_t) + claimed->state_count * sizeof(uint8_t);
}

/* The alignments of the parts fall from one to the next, so no part needs padding before it. */
static struct contract *allocate(const struct contract_description *claimed)
{
    static _Atomic uint64_t identities;
    size_t bytes = contract_bytes_needed(claimed);
    struct contract *contract = calloc(1, bytes);
    if (!contract)
        return NULL;
    atomic_init(&contract->references, 1);
    contract->bytes = bytes;
    contract->identity = 1 + atomic_fetch_add(&identities, 1);
    contract->state_count = claimed->state_count;
    contract->initial = claimed->initial;
    contract->messages = (void *)(contract + 1);
    contract->rows = (void *)(contract->messages + claimed->message_count);
    contract->first = (void *)(contract->rows + claimed->transition_count);
    contract->sender = (void *)(contract->first + claimed->state_count + 1);
    return contract;
}

static int order_of_rows(const void *left, const void *right)
{
    const struct contract_row *a = left, *b = right;
    return a->tag < b->tag ? -1 : a->tag > b->tag;
}

/* Rows, state by state and sorted by tag, of transitions that were checked one by one. */
static void fill(struct contract *contract, const struct contract_description *checked)
{
    if (checked->message_count)
        memcpy(contract->messages, checked->messages, checked->message_count * sizeof *contract->messages);
    uint16_t *first = contract->first; /* while rows come in, backwards: where the last one came in */
    for (uint32_t i = 0; i < checked->transition_count; i++)
        first[checked->transitions[i].state]++;
    for (uint32_t state = 1; state < checked->state_count; state++)
        first[state] = (uint16_t)(first[state] + first[state - 1]);
    for (uint32_t i = checked->transition_count; i-- > 0;) {
        const struct contract_transition *transition = &checked->transitions[i];
        uint32_t tag = checked->messages[transition->message].tag;
        contract->rows[--first[transition->state]] =
            (struct contract_row){tag, (uint16_t)transition->next, (uint16_t)transition->message};
    }
    first[checked->state_count] = (uint16_t)checked->transition_count;
    for (uint32_t state = 0; state < checked->state_count; state++)
        qsort(contract->rows + first[state], (size_t)(first[state + 1] - first[state]), sizeof *contract->rows,
              order_of_rows);
}

/* Each message at most once in a state, all of one sender, whom it notes. */
static enum contract_rule find_senders(struct contract *contract, uint32_t *place)
{
    for (uint32_t state = 0; state < contract->state_count; state++) {
        const struct contract_row *row = contract->rows + contract->first[state];
        const struct contract_row *end = contract->rows + contract->first[state + 1];
        *place = state;
        contract->sender[state] = CONTRACT_NOBODY;
        for (uint32_t previous_tag = 0; row < end; previous_tag = row++->tag) {
            uint8_t sender = (uint8_t)contract->messages[row->message].sender;
            bool is_first = contract->sender[state] == CONTRACT_NOBODY;
            if (!is_first && row->tag == previous_tag)
                return CONTRACT_MESSAGE_TWICE;
            if (!is_first && contract->sender[state] != sender)
                return CONTRACT_TWO_SENDERS;
            contract->sender[state] = sender;
        }
    }
    return CONTRACT_ACCEPTED;
}

enum contract_rule contract_create(const struct contract_description *claimed, struct contract **contract,
                                   uint32_t *place)
{
    *place = 0;
    enum contract_rule rule = check(claimed, place);
    if (rule)
        return rule;
    struct contract *made = allocate(claimed);
    if (!made)
        return CONTRACT_NO_MEMORY;
    fill(made, claimed);
    rule = find_senders(made, place);
    if (!rule)
        rule = contract_measure(made, place);
    if (rule)
        contract_release(made);
    else
        *contract = made;
    return rule;
}
