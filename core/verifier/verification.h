/* One run of the verifier: what its passes share. */
#ifndef MOTTE_VERIFIER_VERIFICATION_H
#define MOTTE_VERIFIER_VERIFICATION_H

#include "forms.h"
#include "sorted.h"
#include "verify.h"

enum { LARGEST_FUNCTION = 1 << 21 }; /* bytes: what is spent on one function is a multiple of this */

/* A place in a function where an instruction touches the stack or control; a shape is one of them. */
struct event {
    uint32_t offset;
    uint8_t length; /* bytes */
    uint8_t kind;   /* enum effect_kind */
    int32_t height; /* at its start, or NO_HEIGHT */
    uint32_t arrival; /* the last of the jump targets from which paths came to it */
    int64_t first, second;
};

enum { NO_HEIGHT = -1 };

struct violation {
    enum motte_rule rule; /* MOTTE_RULE_NONE if there is none */
    int64_t offset;
};

struct verification {
    const struct motte_claims *claims;
    /* Of all that was found so far, the first in the code, and the first in the tables. */
    struct violation in_code, in_tables;
    uint64_t instruction_count;

    struct sorted functions;   /* by offset: index into the claims */
    struct sorted gates;       /* by address: A */
    struct sorted classes;     /* by number: A */
    struct sorted jump_tables; /* by owner, then address: index into the claims */
    int32_t *table_heights;    /* by index into the claims: at which its owner jumps through it, or NO_HEIGHT */
    uint64_t *units;           /* one bit for each byte of code: whether a unit starts there */

    /* Of the function at hand. */
    uint32_t function; /* index into the claims */
    uint32_t start, end;
    struct event *events;
    size_t event_count;
    int32_t *target_heights; /* by offset from the function's start: height at which jumps arrive, or NO_HEIGHT */
    uint32_t *pending;       /* code offsets of jump targets that are still to be followed */
    size_t pending_count;
};

/* Records a violation; rules T2, T3 and T4 are about the tables. */
void report(struct verification *run, enum motte_rule rule, int64_t offset);

static inline bool code_is_good(const struct verification *run)
{
    return run->in_code.rule == MOTTE_RULE_NONE;
}

/* Whether a unit of the function at hand starts at a code offset. */
static inline bool is_unit(const struct verification *run, int64_t offset)
{
    return offset >= run->start && offset < run->end && run->units[offset / 64] >> (offset % 64) & 1;
}

/* Whether a ud2 starts at a code offset, of whatever function that was decoded: a set bit is the start of an
 * instruction or of a shape, and no shape begins like ud2. */
static inline bool is_trap(const struct verification *run, uint64_t offset)
{
    const struct motte_claims *claims = run->claims;
    return offset < claims->code_size && run->units[offset / 64] >> (offset % 64) & 1 &&
           claims->code[offset] == 0x0f && claims->code[offset + 1] == 0x0b;
}

/* T1, D1, D2, S4: the claims themselves (placement.c). */
void check_placement(struct verification *run);

/* T4: where the tables lie (tables.c). 0, or -ENOMEM. */
int check_table_extents(struct verification *run);

/* T2: the function table, once all functions were decoded (tables.c). */
void check_function_table(struct verification *run);

/* T3: the jump tables of the function at hand (tables.c). False if one is bad. */
bool check_jump_tables(struct verification *run);

/* Where an entry of a jump table leads, as an offset from the code's base (tables.c). */
uint64_t jump_target(const struct verification *run, const struct motte_claimed_jump_table *table, uint32_t entry);

/* The table of the function at hand that lies at this address: its index, or -1 (tables.c). */
int64_t find_jump_table(const struct verification *run, int64_t address);

/* D1: decodes the function at hand into events and units (function.c). False if it breaks a rule. */
bool decode_function(struct verification *run);

/* S1, S4, M2, C1 to C3: walks all paths of the function at hand (heights.c). */
void walk_heights(struct verification *run);

/* C1: code that no path reaches (heights.c says what was). */
void check_unreached(struct verification *run);

/* A of what lies at a host address, function or gate; -1 if neither begins there (lookup in placement.c). */
int64_t stack_arguments_at(const struct verification *run, int64_t address);

/* A of a class, or -1. */
int64_t class_stack_arguments(const struct verification *run, int64_t number);

#endif
