/* Makes mutants, asks the verifier about them, and packs those that it accepts into a block. */
#ifndef MUTANTS_H
#define MUTANTS_H

#include <stdbool.h>

#include "changes.h"
#include "verifier/verify.h"

enum { MOST_IN_BLOCK = 16384 };

struct mutant {
    uint32_t subject;
    uint32_t at;     /* offset of the first changed byte */
    uint32_t offset; /* in the block */
    uint32_t size, stack_arguments;
    uint32_t unit; /* offset in the block of the unit that holds the changed byte */
    uint32_t height; /* at that unit */
    uint8_t change;  /* enum change */
    uint8_t kind;    /* enum byte_kind, of the changed byte */
};

struct block {
    uint32_t count, used; /* bytes */
    uint32_t tables_used; /* bytes */
    struct mutant mutants[MOST_IN_BLOCK];
    struct motte_claimed_function functions[MOST_IN_BLOCK];
    uint32_t table_count;
    struct motte_claimed_jump_table tables[MOST_IN_BLOCK];
};

struct totals {
    uint64_t tried, repeated, accepted;
};

/* Once, before anything else here. */
void mutants_prepare(const struct corpus *corpus);

/* The function table, and nothing else; the block's bytes are cc. */
void block_begin(struct block *block);

/* One change of one subject. True if it was accepted, and is new: then it was added. The block must be open. */
bool block_try(struct block *block, uint32_t subject, enum change change, uint32_t place, uint64_t *random,
               struct totals *totals);
bool block_has_room(const struct block *block);

/* What a loader would claim about the whole block. */
struct motte_claims block_claims(const struct block *block);

#endif
