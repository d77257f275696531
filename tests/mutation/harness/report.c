#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "arena.h"

static const char *const outcome_names[OUTCOMES] = {
    "returned", "trapped", "past-window", "overflowed", "divided", "misaligned", "unsupported", "endless", "escaped"};
static const char *const kind_names[BYTE_KINDS] = {"prefix", "opcode", "modrm", "constant", "branch"};
static const char *const change_names[CHANGES] = {"bit", "byte", "two-bits", "splice"};

static void print_bytes(const char *name, const void *bytes, size_t size)
{
    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)bytes)[i]);
    printf("\n");
}

_Noreturn void report_escape(const struct corpus *corpus, uint64_t seed, const struct start *start,
                             const struct result *result)
{
    const struct mutant *mutant = start->mutant;
    printf("ESCAPE seed %" PRIu64 ": %s\n", seed, result->escape);
    printf("subject %u change %s at %#x unit %#x height %u address %#" PRIx64 "%s%s\n", mutant->subject,
           change_names[mutant->change], mutant->at, mutant->unit - mutant->offset, mutant->height,
           BLOCK_AT + mutant->offset, start->at_entry ? " from its entry" : "", start->stepping ? " stepping" : "");
    printf("signal %d code %d access %#" PRIx64 " instruction %#" PRIx64 "\n", result->signal, result->code,
           result->address, result->instruction);
    print_bytes("original", corpus->subjects[mutant->subject].code, mutant->size);
    print_bytes("mutant", (const void *)(BLOCK_AT + mutant->offset), mutant->size);
    print_bytes("registers", start->state->general, sizeof start->state->general);
    fflush(stdout);
    _Exit(1);
}

void report_totals(uint64_t seed, uint32_t subjects, const struct totals *totals, const struct counts *counts)
{
    printf("seed %" PRIu64 "\n", seed);
    printf("subjects %u\ntried %" PRIu64 "\naccepted %" PRIu64 "\nrepeated %" PRIu64 "\n", subjects, totals->tried,
           totals->accepted, totals->repeated);
    printf("runs %" PRIu64 "\nblocks %" PRIu64 "\nsteps %" PRIu64 "\npast %" PRIu64 "\n", counts->runs,
           counts->blocks, counts->steps, counts->past);
    for (size_t i = 0; i < OUTCOMES; i++)
        printf("outcome-%s %" PRIu64 "\n", outcome_names[i], counts->outcomes[i]);
    for (size_t i = 0; i < BYTE_KINDS; i++)
        printf("past-%s %" PRIu64 "\n", kind_names[i], counts->past_by_kind[i]);
    for (size_t i = 0; i < CHANGES; i++)
        printf("past-by-%s %" PRIu64 "\n", change_names[i], counts->past_by_change[i]);
}
