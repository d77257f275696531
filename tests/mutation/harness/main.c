/* mutate CORPUS SEED WANTED [SAMPLES ANSWERS]: changes accepted functions and runs what the verifier still accepts, until
 * WANTED distinct mutants were executed past their changed byte.
 *
 * First every bit of every function in turn (in an order that the seed decides), then random changes.  Prints totals,
 * and ends with status 1 after the first escape.  SAMPLES is a file that gets every 16th of the mutants, for another
 * processor to run; ANSWERS one that gets every 64th change, accepted or not, for the other verifier.  The mutants and their registers depend on the seed alone; what they find in the window also on
 * when the timer ended earlier endless loops. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "monitor.h"
#include "verifier/decode.h"

enum { STATES = 512, TRIES = 3, STEPPED_ONE_IN = 64, FROM_ENTRY_ONE_IN = 4, SAMPLED_ONE_IN = 16 };

static const char *const outcome_names[OUTCOMES] = {
    "returned", "trapped", "past-window", "overflowed", "divided", "misaligned", "unsupported", "endless", "escaped"};
static const char *const kind_names[BYTE_KINDS] = {"prefix", "opcode", "modrm", "constant", "branch"};
static const char *const change_names[CHANGES] = {"bit", "byte", "two-bits", "splice"};

/* All that changes while mutants run; not summed up with the host's memory. */
struct progress {
    uint64_t runs, steps, past, whole_blocks;
    uint64_t outcomes[OUTCOMES], past_by_kind[BYTE_KINDS], past_by_change[CHANGES];
    int32_t heights[4096];
};

static struct corpus corpus;
static struct state *states;
static struct progress *progress;
static struct totals totals;
static uint64_t seed;

static uint64_t odd_number(uint64_t *random)
{
    uint64_t number = draw(random);
    switch (number % 8) {
    case 0:
        return draw(random);
    case 1:
        return draw(random) & 0xffffffff;
    case 2:
        return draw(random) % 4096;
    case 3:
        return FORBIDDEN + draw(random) % FORBIDDEN_SIZE;
    case 4:
        return WINDOW - 8192 + draw(random) % 16384;
    case 5:
        return STACK_END - 512 + draw(random) % 1024;
    case 6:
        return BLOCK_AT + draw(random) % BLOCK_SIZE;
    default:
        return UINT64_MAX - draw(random) % 4096;
    }
}

static void make_states(void)
{
    uint64_t random = seed ^ UINT64_C(0x57a7e5);
    states = mmap(NULL, STATES * sizeof *states, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < STATES; i++) {
        for (size_t k = 0; k < GENERAL_REGISTERS; k++)
            states[i].general[k] = odd_number(&random) | (k == RSP); /* that one fills a gap, and is not 0 */
        for (size_t k = 0; k < sizeof states[i].vectors / 8; k++) {
            uint64_t number = odd_number(&random);
            memcpy((uint8_t *)states[i].vectors + 8 * k, &number, sizeof number);
        }
        for (size_t k = 0; k < 8; k++)
            states[i].masks[k] = draw(&random);
    }
    mprotect(states, STATES * sizeof *states, PROT_READ);
}

static void fill_window(void)
{
    uint64_t *word = (uint64_t *)arena_piece(), random = seed;
    for (size_t i = 0; i < PIECE_SIZE / sizeof *word; i++)
        word[i] = draw(&random);
}

/* --- a report of an escape: all that is needed to look into it --------------------------------------------------------- */

static void print_bytes(const char *name, const void *bytes, size_t size)
{
    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)bytes)[i]);
    printf("\n");
}

static _Noreturn void report_escape(const struct start *start, const struct result *result)
{
    const struct mutant *mutant = start->mutant;
    printf("ESCAPE seed %" PRIu64 ": %s\n", seed, result->escape);
    printf("subject %u change %s at %#x unit %#x height %u address %#" PRIx64 "%s%s\n", mutant->subject,
           change_names[mutant->change], mutant->at, mutant->unit - mutant->offset, mutant->height,
           BLOCK_AT + mutant->offset, start->at_entry ? " from its entry" : "", start->stepping ? " stepping" : "");
    printf("signal %d code %d access %#" PRIx64 " instruction %#" PRIx64 "\n", result->signal, result->code,
           result->address, result->instruction);
    print_bytes("original", corpus.subjects[mutant->subject].code, mutant->size);
    print_bytes("mutant", (const void *)(BLOCK_AT + mutant->offset), mutant->size);
    print_bytes("registers", start->state->general, sizeof start->state->general);
    fflush(stdout);
    _Exit(1);
}

/* --- runs -------------------------------------------------------------------------------------------------------------- */

/* For stepping: heights of all units. Inside a shape, instructions have the shape's. */
static void find_heights(const struct block *block, const struct mutant *mutant)
{
    struct motte_claims claims = block_claims(block);
    for (uint32_t i = 0; i < mutant->size; i++)
        progress->heights[i] = -1;
    for (uint32_t at = 0; at < mutant->size;) {
        struct motte_place place;
        struct instruction instruction;
        if (!decode((const uint8_t *)(BLOCK_AT + mutant->offset + at), &instruction))
            give_up("an accepted function does not decode");
        if (motte_find_place(&claims, mutant->offset + at, &place) == 0)
            progress->heights[at] = (int32_t)place.height;
        at += instruction.length;
    }
}

static struct result run(const struct start *start)
{
    struct result result = monitor_run(start);
    progress->runs++;
    progress->steps += result.steps;
    progress->outcomes[result.outcome]++;
    if (result.outcome == OUTCOME_ESCAPED)
        report_escape(start, &result);
    return result;
}

static const struct state *some_state(uint64_t *random)
{
    return &states[draw(random) % STATES];
}

/* Depends on the seed and the mutant alone, however earlier runs ended. */
static uint64_t own_random(const struct mutant *mutant)
{
    uint64_t random = seed ^ progress->whole_blocks << 32 ^ mutant->offset;
    return draw(&random);
}

static bool run_mutant(const struct mutant *mutant)
{
    bool past = false;
    uint64_t random = own_random(mutant);
    if (draw(&random) % FROM_ENTRY_ONE_IN == 0)
        run(&(struct start){.mutant = mutant, .state = some_state(&random), .at_entry = true});
    for (int tries = 0; tries < TRIES && !past; tries++)
        past = run(&(struct start){.mutant = mutant, .state = some_state(&random)}).past;
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
        struct start start = {mutant, some_state(&random), draw(&random) % 2, true, progress->heights};
        run(&start);
    }
}

static void write_sample(FILE *file, const struct mutant *mutant)
{
    const struct state *state = &states[mutant->offset / 16 % STATES];
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

static void run_block(const struct block *block, FILE *samples)
{
    verify_whole(block);
    arena_close();
    mutants_hide(true);
    step_some(block);
    uintptr_t volatile_page = (uintptr_t)&crossing;
    uint64_t before = arena_sum_of_host_memory(volatile_page, volatile_page + 4096);
    for (uint32_t i = 0; i < block->count; i++) {
        const struct mutant *mutant = &block->mutants[i];
        if (!run_mutant(mutant))
            continue;
        progress->past++;
        progress->past_by_kind[mutant->kind]++;
        progress->past_by_change[mutant->change]++;
    }
    if (arena_sum_of_host_memory(volatile_page, volatile_page + 4096) != before) {
        printf("ESCAPE seed %" PRIu64 ": the host's memory changed during block %" PRIu64 "\n", seed,
               progress->whole_blocks);
        exit(1);
    }
    progress->whole_blocks++;
    for (uint32_t i = 0; samples && i < block->count; i += SAMPLED_ONE_IN)
        write_sample(samples, &block->mutants[i]);
    arena_open();
    mutants_hide(false);
}

/* --- all changes --------------------------------------------------------------------------------------------------------- */

struct round {
    struct block *block;
    FILE *samples;
    uint64_t wanted, random;
};

/* True once enough mutants were run. */
static bool try_change(struct round *round, uint32_t subject, enum change change, uint32_t place)
{
    block_try(round->block, subject, change, place, &round->random, &totals);
    if (block_has_room(round->block))
        return false;
    run_block(round->block, round->samples);
    block_begin(round->block);
    fill_window();
    return progress->past >= round->wanted;
}

/* Every bit of every subject: `part` of `parts` parts of them. */
static bool flip_bits(struct round *round, uint32_t part, uint32_t parts)
{
    for (uint32_t i = 0; i < corpus.count; i++)
        for (uint32_t bit = part; bit < 8 * corpus.subjects[i].size; bit += parts)
            if (try_change(round, i, CHANGE_BIT, bit))
                return true;
    return false;
}

static void change_all(struct round *round)
{
    enum { PARTS = 61 };
    uint32_t first = (uint32_t)(seed % PARTS);
    for (uint32_t part = 0; part < PARTS; part++)
        if (flip_bits(round, (first + part) % PARTS, PARTS))
            return;
    for (;;) {
        uint32_t subject = (uint32_t)(draw(&round->random) % corpus.count);
        uint32_t place = (uint32_t)(draw(&round->random) % corpus.subjects[subject].size);
        enum change change = CHANGE_BYTE + draw(&round->random) % (CHANGES - 1);
        if (try_change(round, subject, change, place))
            return;
    }
}

static void print_totals(void)
{
    printf("seed %" PRIu64 "\n", seed);
    printf("subjects %u\ntried %" PRIu64 "\naccepted %" PRIu64 "\nrepeated %" PRIu64 "\n", corpus.count, totals.tried,
           totals.accepted, totals.repeated);
    printf("runs %" PRIu64 "\nblocks %" PRIu64 "\nsteps %" PRIu64 "\npast %" PRIu64 "\n", progress->runs,
           progress->whole_blocks, progress->steps, progress->past);
    for (size_t i = 0; i < OUTCOMES; i++)
        printf("outcome-%s %" PRIu64 "\n", outcome_names[i], progress->outcomes[i]);
    for (size_t i = 0; i < BYTE_KINDS; i++)
        printf("past-%s %" PRIu64 "\n", kind_names[i], progress->past_by_kind[i]);
    for (size_t i = 0; i < CHANGES; i++)
        printf("past-by-%s %" PRIu64 "\n", change_names[i], progress->past_by_change[i]);
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "usage: mutate CORPUS SEED WANTED [SAMPLES ANSWERS]\n");
        return 2;
    }
    seed = strtoull(arguments[2], NULL, 10);
    struct round round = {.wanted = strtoull(arguments[3], NULL, 10), .random = seed};
    round.samples = count > 4 ? fopen(arguments[4], "w") : NULL;
    round.block = malloc(sizeof *round.block);
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    corpus = corpus_read(arguments[1]);
    mutants_prepare(&corpus);
    FILE *answers = count > 5 ? fopen(arguments[5], "w") : NULL;
    if (answers)
        mutants_write_answers(answers);
    arena_prepare(gate_count());
    monitor_prepare();
    make_states();
    arena_open();
    block_begin(round.block);
    fill_window();
    change_all(&round);
    print_totals();
    return 0;
}
