/* mutate CORPUS SEED WANTED [SAMPLES ANSWERS]: changes accepted functions and runs what the verifier still accepts,
 * until WANTED distinct mutants were executed past their changed byte.
 *
 * Every bit of every function in turn (in an order that the seed decides), random changes between them, and nothing
 * but these when all bits were flipped.  Prints totals, and ends with status 1 after the first escape.  SAMPLES is a
 * file that gets every 16th of the mutants, for another processor to run; ANSWERS one that gets every 64th change,
 * accepted or not, for the other verifier.  The mutants and their registers depend on the seed alone; what they find in
 * the window also on when the timer ended endless loops. */
#include <stdio.h>
#include <stdlib.h>

#include "answers.h"
#include "arena.h"
#include "random.h"
#include "report.h"
#include "runs.h"
#include "seen.h"
#include "states.h"
#include "surroundings.h"

static struct corpus corpus;
static struct totals totals;
static uint64_t seed;

static void fill_window(void)
{
    uint64_t *word = (uint64_t *)arena_piece(), random = seed;
    for (size_t i = 0; i < PIECE_SIZE / sizeof *word; i++)
        word[i] = draw(&random);
}

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
    runs_block(round->block, round->samples);
    block_begin(round->block);
    fill_window();
    return runs_counts()->past >= round->wanted;
}

static bool try_random_change(struct round *round)
{
    uint32_t subject = (uint32_t)(draw(&round->random) % corpus.count);
    uint32_t place = (uint32_t)(draw(&round->random) % corpus.subjects[subject].size);
    enum change change = CHANGE_BYTE + draw(&round->random) % (CHANGES - 1);
    return try_change(round, subject, change, place);
}

/* Every bit of every subject: `part` of `parts` parts of them; and a random change now and then. */
static bool flip_bits(struct round *round, uint32_t part, uint32_t parts)
{
    enum { RANDOM_ONE_IN = 3 };
    for (uint32_t i = 0; i < corpus.count; i++)
        for (uint32_t bit = part; bit < 8 * corpus.subjects[i].size; bit += parts)
            if (try_change(round, i, CHANGE_BIT, bit)
                || (draw(&round->random) % RANDOM_ONE_IN == 0 && try_random_change(round)))
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
    while (!try_random_change(round))
        continue;
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
    corpus = corpus_read(arguments[1]);
    surroundings_prepare(&corpus);
    seen_prepare();
    mutants_prepare(&corpus);
    FILE *answers = count > 5 ? fopen(arguments[5], "w") : NULL;
    if (answers)
        answers_begin(answers);
    arena_prepare(gate_count());
    monitor_prepare();
    states_prepare(seed);
    runs_prepare(&corpus, seed);
    arena_open();
    block_begin(round.block);
    fill_window();
    change_all(&round);
    report_totals(seed, corpus.count, &totals, runs_counts());
    return 0;
}
