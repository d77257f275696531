#include "owned_claims.h"

#include <stdlib.h>
#include <string.h>

#include "motte_abi.h"

static const struct motte_gate gates[] = MOTTE_GATE_CLAIMS;
static const struct motte_gate reaching_gates[] = MOTTE_REACHING_GATE_CLAIMS;

void owned_claims_use_gates(struct motte_claims *claims)
{
    claims->gates = claims->reaches_blocks ? reaching_gates : gates;
    claims->gate_count = sizeof gates / sizeof gates[0];
}

/* Appends `size` bytes, which need not be aligned; returns where they lie now. */
static const void *append(uint32_t **end, const void *bytes, size_t size)
{
    void *copied = *end;
    size_t words = size / sizeof **end;
    if (size)
        memcpy(copied, bytes, size);
    *end += words;
    return copied;
}

bool owned_claims_copy(struct owned_claims *owned, const struct motte_claims *claimed)
{
    struct motte_claims *claims = &owned->claims;
    *claims = *claimed;
    size_t functions = claims->function_count * sizeof *claims->functions;
    size_t classes = claims->class_count * sizeof *claims->classes;
    size_t jump_tables = claims->jump_table_count * sizeof *claims->jump_tables;
    size_t entries = claims->entry_count * sizeof *claims->entries;
    owned->numbers = malloc(functions + classes + jump_tables + entries + 1);
    if (!owned->numbers)
        return false;
    uint32_t *end = owned->numbers;
    claims->functions = append(&end, claimed->functions, functions);
    claims->classes = append(&end, claimed->classes, classes);
    claims->jump_tables = append(&end, claimed->jump_tables, jump_tables);
    claims->entries = append(&end, claimed->entries, entries);
    return true;
}

void owned_claims_release(struct owned_claims *owned)
{
    free(owned->numbers);
    *owned = (struct owned_claims){.numbers = NULL};
}
