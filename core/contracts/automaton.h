/* A contract from the inside: one allocation, in which the transitions of each state lie together, sorted by tag. */
#ifndef MOTTE_CONTRACT_AUTOMATON_H
#define MOTTE_CONTRACT_AUTOMATON_H

#include "contract.h"

#include <stdatomic.h>

struct contract_row {
    uint32_t tag;
    uint16_t next, message;
};

struct contract {
    _Atomic uint32_t references;
    uint32_t state_count, initial;
    size_t bytes;
    uint64_t identity;
    struct contract_capacity capacity[2]; /* by sender */
    struct contract_message *messages;    /* in the order of the description */
    struct contract_row *rows;
    uint16_t *first; /* of each state's rows; one more, where the last ones end */
    uint8_t *sender; /* of each state: enum contract_side */
};

_Static_assert(CONTRACT_STATE_LIMIT <= UINT16_MAX && CONTRACT_MESSAGE_LIMIT <= UINT16_MAX
                   && CONTRACT_TRANSITION_LIMIT <= UINT16_MAX,
               "states, messages and rows are numbered with 16 bits");

/* The finiteness rule (bounds.c): sets the capacities of a contract that is complete but for them, or names a state on a
 * cycle in which one side alone sends. */
enum contract_rule contract_measure(struct contract *contract, uint32_t *place);

#endif
