#define _GNU_SOURCE
#include "runs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arena.h"
#include "random.h"
#include "report.h"
#include "seen.h"
#include "states.h"
#include "verifier/decode.h"

enum { TRIES = 3, STEPPED_ONE_IN = 64, FROM_ENTRY_ONE_IN = 4, SAMPLED_ONE_IN = 16 };

/* All that changes while mutants run; not summed up with the host's memory. */
struct progress {
    struct counts counts;
    int32_t heights[4096];
};

static struct progress *progress;
static const struct corpus *corpus;
static uint64_t seed;

void runs_prepare(const struct corpus *read, uint64_t chosen_seed)
{
    corpus = read;
    seed = chosen_seed;
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        give_up("mmap");
}

const struct counts *runs_counts(void)
{
    return &progress->counts;
}

/* --- one mutant --------------------------------------------------------------------------------------------------- */

/* For stepping: heights of all units. Inside a shape, instructions have the shape's. */
static void find_heights(const struct block *block, const struct mutant *mutant)
{
    struct motte_claims claims = block_claims(block);
    for (uint32_t i = 0; i < mutant->size; i++)
        progress->heights[i] = -1;
    for (uint32_t at = 0; at < mutant->size;) {
        struct motte_place place;
        struct instruction instruction;
        if (!decode((const uint8_t *)(BLOCK_AT + mutant->offset + at), false, &instruction))
            give_up("an accepted function does not decode");
        if (motte_find_place(&claims, mutant->offset + at, &place) == 0)
            progress->heights[at] = (int32_t)place.height;
        at += instruction.length;
    }
}

static struct result run(const struct start *start)
{
    struct result result = monitor_run(start);
    progress->counts.runs++;
    progress->counts.steps += result.steps;
    progress->counts.outcomes[result.outcome]++;
    if (result.outcome == OUTCOME_ESCAPED)
        report_escape(corpus, seed, start, &result);
    return result;
}

/* Depends on the seed and the mutant alone, however earlier runs ended. */
static uint64_t own_random(const struct mutant *mutant)
{
    uint64_t random = seed ^ progress->counts.blocks << 32 ^ mutant->offset;
    return draw(&random);
}

static bool run_mutant(const struct mutant *mutant)
{
    bool past = false;
    uint64_t random = own_random(mutant);
    if (draw(&random) % FROM_ENTRY_ONE_IN == 0)
        run(&(struct start){.mutant = mutant, .state = states_draw(&random), .at_entry = true});
    for (int tries = 0; tries < TRIES && !past; tries++)
        past = run(&(struct start){.mutant = mutant, .state = states_draw(&random)}).past;
    return past;
}

static void step_some(const struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct mutant *mutant = &block->mutants[i];
        uint64_t random = ~own_random(mutant);
        if (draw(&random) % STEPPED_ONE_IN != 0)
            continue;
        find_heights(block, mutant);
        struct start start = {mutant, states_draw(&random), draw(&random) % 2, true, progress->heights};
        run(&start);
    }
}

static void write_sample(FILE *file, const struct mutant *mutant)
{
    uint64_t random = own_random(mutant);
    const struct state *state = states_draw(&random);
    fprintf(file, "%" PRIx64 " %x %u %u ", BLOCK_AT + mutant->offset, mutant->unit - mutant->offset, mutant->height,
            mutant->stack_arguments);
    for (size_t i = 0; i < GENERAL_REGISTERS; i++)
        fprintf(file, "%" PRIx64 "%c", state->general[i], i + 1 < GENERAL_REGISTERS ? ',' : ' ');
    for (uint32_t i = 0; i < mutant->size; i++)
        fprintf(file, "%02x", *(const uint8_t *)(BLOCK_AT + mutant->offset + i));
    fprintf(file, "\n");
}

/* The decision that counts: all mutants of the block together, in place, before they become executable. */
static void verify_whole(const struct block *block)
{
    struct motte_claims claims = block_claims(block);
    struct motte_verdict verdict;
    if (motte_verify(&claims, &verdict) != 0)
        give_up("motte_verify");
    if (verdict.rule != MOTTE_RULE_NONE) {
        printf("seed %" PRIu64 ": a block is refused (%s at %" PRId64 ") whose parts were accepted\n", seed,
               motte_rule_name(verdict.rule), verdict.offset);
        exit(1);
    }
    motte_verdict_release(&verdict);
}

void runs_block(const struct block *block, FILE *samples)
{
    verify_whole(block);
    arena_close();
    seen_hide(true);
    step_some(block);
    uintptr_t volatile_page = (uintptr_t)&crossing;
    uint64_t before = arena_sum_of_host_memory(volatile_page, volatile_page + 4096);
    for (uint32_t i = 0; i < block->count; i++) {
        const struct mutant *mutant = &block->mutants[i];
        if (!run_mutant(mutant))
            continue;
        progress->counts.past++;
        progress->counts.past_by_kind[mutant->kind]++;
        progress->counts.past_by_change[mutant->change]++;
    }
    if (arena_sum_of_host_memory(volatile_page, volatile_page + 4096) != before) {
        printf("ESCAPE seed %" PRIu64 ": the host's memory changed during block %" PRIu64 "\n", seed,
               progress->counts.blocks);
        exit(1);
    }
    progress->counts.blocks++;
    for (uint32_t i = 0; samples && i < block->count; i += SAMPLED_ONE_IN)
        write_sample(samples, &block->mutants[i]);
    arena_open();
    seen_hide(false);
}
