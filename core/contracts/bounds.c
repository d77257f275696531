/* The finiteness rule, and what queues need room for.
 *
 * While one side goes on sending, the conversation stays in states of that side.  So its queue holds at most what lies
 * on the longest path through such states; and there is a longest one exactly if they have no cycle.  A depth-first walk
 * finds either.  It keeps its path in the states that it has opened: a contract may be deep, the C stack is not.
 */
#include "automaton.h"

#include <stdlib.h>

enum { NOWHERE = UINT16_MAX };

enum visit_status { VISIT_NOT_YET, VISIT_OPEN, VISIT_DONE };

struct visit {
    uint64_t bytes;    /* the most that is sent from here on before the peer sends; of VISIT_DONE states */
    uint32_t messages; /* the same */
    uint16_t row;      /* the next one to look at */
    uint16_t previous; /* the state on the path before, or NOWHERE */
    uint8_t status;
};

static void open_state(const struct contract *contract, struct visit *visits, uint32_t state, uint32_t previous)
{
    visits[state].status = VISIT_OPEN;
    visits[state].row = contract->first[state];
    visits[state].previous = (uint16_t)previous;
}

/* A message of so many bytes may be sent from here, and after it what `next` tells (NULL: the peer is to send). */
static void count(struct visit *visit, uint32_t bytes, const struct visit *next)
{
    uint32_t messages = 1 + (next ? next->messages : 0);
    uint64_t all_bytes = bytes + (next ? next->bytes : 0);
    if (messages > visit->messages)
        visit->messages = messages;
    if (all_bytes > visit->bytes)
        visit->bytes = all_bytes;
}

/* Closes everything that can be reached from `start` without a change of sender; false: a cycle leads through *place. */
static bool walk(const struct contract *contract, struct visit *visits, uint32_t start, uint32_t *place)
{
    open_state(contract, visits, start, NOWHERE);
    for (uint32_t state = start; state != NOWHERE;) {
        struct visit *visit = &visits[state];
        if (visit->row == contract->first[state + 1]) {
            visit->status = VISIT_DONE;
            state = visit->previous;
            continue;
        }
        const struct contract_row *row = &contract->rows[visit->row];
        const struct visit *next = &visits[row->next];
        bool goes_on = contract->sender[row->next] == contract->sender[state];
        if (!goes_on || next->status == VISIT_DONE) {
            count(visit, contract->messages[row->message].bytes, goes_on ? next : NULL);
            visit->row++;
        } else if (next->status == VISIT_OPEN) {
            *place = row->next;
            return false;
        } else {
            open_state(contract, visits, row->next, state);
            state = row->next;
        }
    }
    return true;
}

enum contract_rule contract_measure(struct contract *contract, uint32_t *place)
{
    struct visit *visits = calloc(contract->state_count, sizeof *visits);
    if (!visits)
        return CONTRACT_NO_MEMORY;
    bool is_finite = true;
    for (uint32_t state = 0; state < contract->state_count && is_finite; state++) {
        if (visits[state].status == VISIT_NOT_YET)
            is_finite = walk(contract, visits, state, place);
        if (!is_finite || contract->sender[state] == CONTRACT_NOBODY)
            continue;
        struct contract_capacity *capacity = &contract->capacity[contract->sender[state]];
        if (visits[state].messages > capacity->messages)
            capacity->messages = visits[state].messages;
        if (visits[state].bytes > capacity->bytes)
            capacity->bytes = visits[state].bytes;
    }
    free(visits);
    return is_finite ? CONTRACT_ACCEPTED : CONTRACT_ENDLESS;
}
