/* Channel contracts: which messages may be sent in which state of a conversation, by whom, and what the state is then.
 *
 * The two sides of a conversation are its client and its server, and two opposite queues lead from each to the other.
 * Each side keeps one number, the state that the conversation has for *it*, and asks contract_step twice: before it
 * sends, so that nothing wrong is ever queued, and when it receives, so that a peer that was not asked is caught, too.
 *
 * Two rules hold for every contract that exists; contract_create refuses the others:
 *
 *   One sender.  In each state one side alone may send.  If both might, both could do so at the same moment, each in
 *   accordance with the contract, and each would then receive what its own state does not know.
 *
 *   Finiteness.  Every cycle has a message of each side; so nobody can go on sending without ever receiving.
 *
 * What follows for two sides that ask, and that start in contract_initial, whatever their speeds are:
 *
 *   1. Their states lie on one path, and whoever is ahead is ahead by messages of its own: at most one of the two queues
 *      holds anything.
 *   2. A queue never needs more room than contract_capacity.  The bound is exact: some run fills it, if every state can
 *      be reached.
 *   3. Nothing is on its way to a side that is about to send, nor can it be before it has sent: there its end may be
 *      given to somebody else (contract_may_travel), and no message can reach the wrong one.
 *
 * A contract is immutable and reference-counted: any thread may use it, and no lock is needed.  The library has no clock
 * and no thread, and only contract_create allocates or can fail.
 *
 * The idea is Singularity's (Faehndrich et al., EuroSys 2006).  One sender a state is stricter than Sing# was: Stengel
 * and Bultan (ISSTA 2009) found contracts of Singularity whose faithful sides can deadlock.
 */
#ifndef MOTTE_CONTRACT_H
#define MOTTE_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTRACT_STATE_LIMIT 1024
#define CONTRACT_MESSAGE_LIMIT 1024
#define CONTRACT_TRANSITION_LIMIT 8192

/* What one message can carry at most, whatever its contract says. */
#define CONTRACT_BYTES_LIMIT 65536
#define CONTRACT_CAPABILITIES_LIMIT 4
#define CONTRACT_BLOCKS_LIMIT 4

struct contract;

enum contract_side { CONTRACT_CLIENT, CONTRACT_SERVER, CONTRACT_NOBODY };
enum contract_direction { CONTRACT_SEND, CONTRACT_RECEIVE };

/* --- Making one --- */

struct contract_message {
    uint32_t tag;    /* of its own in this contract */
    uint32_t sender; /* CONTRACT_CLIENT or CONTRACT_SERVER */
    uint32_t bytes, capabilities, blocks; /* at most */
};

struct contract_transition {
    uint32_t state, message, next; /* states are numbers from 0; the message is its index */
};

/* A state without transitions is final: nobody sends there any more. */
struct contract_description {
    const struct contract_message *messages;
    const struct contract_transition *transitions;
    uint32_t message_count, transition_count, state_count, initial;
};

/* Why a description is refused, and what `place` is then. */
enum contract_rule {
    CONTRACT_ACCEPTED,
    CONTRACT_NO_MEMORY,
    CONTRACT_TOO_MANY_STATES,
    CONTRACT_TOO_MANY_MESSAGES,
    CONTRACT_TOO_MANY_TRANSITIONS,
    CONTRACT_UNKNOWN_INITIAL,   /* the initial state is none of them; so too if there are no states */
    CONTRACT_UNKNOWN_SENDER,    /* a message: its sender is neither side */
    CONTRACT_MESSAGE_TOO_LARGE, /* a message: it may carry more than a message can */
    CONTRACT_TAG_TWICE,         /* a message: another one has its tag */
    CONTRACT_UNKNOWN_STATE,     /* a transition: from or to a state that is not there */
    CONTRACT_UNKNOWN_MESSAGE,   /* a transition: of a message that is not there */
    CONTRACT_MESSAGE_TWICE,     /* a state: the same message leads out of it twice */
    CONTRACT_TWO_SENDERS,       /* a state: both sides may send in it */
    CONTRACT_ENDLESS,           /* a state, on a cycle in which one side alone sends */
};

/* The rule's name in small letters with hyphens, such as "two-senders"; "" for CONTRACT_ACCEPTED. */
const char *contract_rule_name(enum contract_rule rule);

/* What contract_create will allocate for good for so many of each, in bytes: to be paid for before. */
size_t contract_bytes_needed(const struct contract_description *claimed);

/* Checks everything, and makes a contract with one reference, the caller's; or says which rule is broken, and where.
 * The arrays are read more than once: they must be memory that no guest can write to meanwhile.
 * Takes O(n log n) time and, until it returns, another 24 bytes a state and 8 a message. */
enum contract_rule contract_create(const struct contract_description *claimed, struct contract **contract,
                                   uint32_t *place);

void contract_retain(struct contract *contract);
void contract_release(struct contract *contract);

/* What contract_bytes_needed said. */
size_t contract_bytes(const struct contract *contract);

/* A number that no other contract ever has. */
uint64_t contract_identity(const struct contract *contract);

/* --- Following one; states are those of this contract: contract_initial, and what contract_step gave --- */

uint32_t contract_initial(const struct contract *contract);
uint32_t contract_state_count(const struct contract *contract);

/* Whether `side` may, in `state`, send or receive a message of that tag; if so, `next` is its state from then on. A
 * refusal leaves `next` alone.  O(log n) in the messages of one state. */
bool contract_step(const struct contract *contract, enum contract_side side, uint32_t state,
                   enum contract_direction direction, uint32_t guest_tag, uint32_t *next);

/* Whether a message of that tag may carry so much, in a state in which it may be sent; false in any other. */
bool contract_fits(const struct contract *contract, uint32_t state, uint32_t guest_tag, size_t bytes,
                   unsigned capabilities, unsigned blocks);

/* Who sends in this state; CONTRACT_NOBODY: it is final. */
enum contract_side contract_sender(const struct contract *contract, uint32_t state);

/* Whether this side's end may be given away: only where it is about to send. */
bool contract_may_travel(const struct contract *contract, enum contract_side side, uint32_t state);

/* What the queue of messages sent by one side holds at most: so many of them, and so many bytes in all (not necessarily
 * in the same run). */
struct contract_capacity {
    uint32_t messages;
    uint64_t bytes;
};
struct contract_capacity contract_capacity(const struct contract *contract, enum contract_side sender);

#endif
