/* Runs all mutants of a block, and counts what became of them. */
#ifndef RUNS_H
#define RUNS_H

#include <stdio.h>

#include "monitor.h"

struct counts {
    uint64_t runs, steps, past, blocks;
    uint64_t outcomes[OUTCOMES], past_by_kind[BYTE_KINDS], past_by_change[CHANGES];
};

/* Once, before anything else here. */
void runs_prepare(const struct corpus *corpus, uint64_t seed);

/* Verifies the whole block in place and runs its mutants.  An escape is reported and ends the program.  Samples go to
 * the file, if there is one. */
void runs_block(const struct block *block, FILE *samples);

const struct counts *runs_counts(void);

#endif
