/* The table of contents: every check, in the order in which it is made; and the memory that they need. */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame_map.h"
#include "verification.h"

const char *motte_rule_name(enum motte_rule rule)
{
    static const char *const names[MOTTE_RULE_COUNT] = {
        "",   "D1", "D2", "D3", "D4", "D5", "D6", "M1", "M2", "M3", "M4", "M5", "M6",
        "M7", "M8", "S1", "S2", "S4", "C1", "C2", "C3", "T1", "T2", "T3", "T4",
    };
    return (unsigned)rule < MOTTE_RULE_COUNT ? names[rule] : "";
}

void report(struct verification *run, enum motte_rule rule, int64_t offset)
{
    bool in_tables = rule == MOTTE_RULE_T2 || rule == MOTTE_RULE_T3 || rule == MOTTE_RULE_T4;
    struct violation *first = in_tables ? &run->in_tables : &run->in_code;
    if (first->rule == MOTTE_RULE_NONE || offset < first->offset)
        *first = (struct violation){rule, offset};
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static bool index_claims(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    if (!sorted_allocate(&run->functions, claims->function_count) ||
        !sorted_allocate(&run->gates, claims->gate_count) || !sorted_allocate(&run->classes, claims->class_count) ||
        !sorted_allocate(&run->jump_tables, claims->jump_table_count))
        return false;
    for (size_t i = 0; i < claims->function_count; i++)
        run->functions.items[i] = (struct sorted_item){claims->functions[i].offset, (uint32_t)i};
    for (size_t i = 0; i < claims->gate_count; i++)
        run->gates.items[i] = (struct sorted_item){claims->gates[i].address, claims->gates[i].stack_arguments};
    for (size_t i = 0; i < claims->class_count; i++)
        run->classes.items[i] = (struct sorted_item){claims->classes[i].number, claims->classes[i].stack_arguments};
    for (size_t i = 0; i < claims->jump_table_count; i++) {
        const struct motte_claimed_jump_table *table = &claims->jump_tables[i];
        run->jump_tables.items[i] = (struct sorted_item){(uint64_t)table->owner << 32 | table->address, (uint32_t)i};
    }
    sorted_sort(&run->functions);
    sorted_sort(&run->gates);
    sorted_sort(&run->classes);
    sorted_sort(&run->jump_tables);
    return true;
}

/* Room for the largest function, once the placement is known to be good. One event an instruction is the most. */
static bool allocate_workspace(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    size_t largest = 1;
    for (size_t i = 0; i < claims->function_count; i++)
        if (claims->functions[i].size > largest)
            largest = claims->functions[i].size;
    run->events = malloc(largest * sizeof *run->events);
    run->target_heights = malloc(largest * sizeof *run->target_heights);
    run->pending = malloc(largest * sizeof *run->pending);
    run->units = calloc(claims->code_size / 64 + 1, sizeof *run->units);
    run->table_heights = malloc((claims->jump_table_count + 1) * sizeof *run->table_heights);
    if (!run->events || !run->target_heights || !run->pending || !run->units || !run->table_heights)
        return false;
    for (size_t i = 0; i < claims->jump_table_count; i++)
        run->table_heights[i] = NO_HEIGHT;
    return true;
}

static void release(struct verification *run)
{
    sorted_release(&run->functions);
    sorted_release(&run->gates);
    sorted_release(&run->classes);
    sorted_release(&run->jump_tables);
    free(run->events);
    free(run->target_heights);
    free(run->pending);
    free(run->units);
    free(run->table_heights);
}

/* --- the checks --------------------------------------------------------------------------------------------------- */

/* Decodes one function, reads its jump tables, and walks all its paths. */
static void check_function(struct verification *run, uint32_t index)
{
    const struct motte_claimed_function *function = &run->claims->functions[index];
    run->function = index;
    run->start = function->offset;
    run->end = function->offset + function->size;
    if (decode_function(run) && check_jump_tables(run))
        walk_heights(run);
}

/* In order of place, so that the first violation of code ends it: none can be found before it. */
static int check_functions(struct verification *run, struct motte_verdict *verdict)
{
    for (size_t i = 0; i < run->functions.count && code_is_good(run); i++) {
        check_function(run, run->functions.items[i].value);
        if (code_is_good(run) && !frame_map_add(run, verdict))
            return -ENOMEM;
    }
    return 0;
}

static int run_checks(struct verification *run, struct motte_verdict *verdict)
{
    if (!index_claims(run))
        return -ENOMEM;
    check_placement(run);
    if (!code_is_good(run))
        return 0;
    int failure = check_table_extents(run);
    if (failure || run->in_tables.rule != MOTTE_RULE_NONE)
        return failure;
    if (!allocate_workspace(run))
        return -ENOMEM;
    failure = check_functions(run, verdict);
    if (!failure && code_is_good(run))
        check_function_table(run);
    return failure;
}

static bool counts_are_sane(const struct motte_claims *claims)
{
    return claims->function_count < UINT32_MAX && claims->gate_count < UINT32_MAX &&
           claims->class_count < UINT32_MAX && claims->jump_table_count < UINT32_MAX &&
           claims->code_size < UINT32_MAX && claims->tables_size < UINT32_MAX;
}

int motte_verify(const struct motte_claims *claims, struct motte_verdict *verdict)
{
    *verdict = (struct motte_verdict){.rule = MOTTE_RULE_T1};
    if (!counts_are_sane(claims))
        return 0;
    struct verification run = {.claims = claims};
    int failure = run_checks(&run, verdict);
    release(&run);
    struct violation first = code_is_good(&run) ? run.in_tables : run.in_code;
    verdict->rule = first.rule;
    verdict->offset = first.offset;
    verdict->instruction_count = run.instruction_count;
    if (!failure && first.rule == MOTTE_RULE_NONE)
        return 0;
    motte_verdict_release(verdict);
    *verdict = (struct motte_verdict){.rule = failure ? MOTTE_RULE_T1 : first.rule, .offset = first.offset};
    return failure;
}

void motte_verdict_release(struct motte_verdict *verdict)
{
    free(verdict->class_traps);
    free(verdict->call_sites);
    verdict->class_traps = NULL;
    verdict->call_sites = NULL;
    verdict->class_trap_count = verdict->call_site_count = 0;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static int find_place(struct verification *run, uint64_t code_offset, struct motte_place *place)
{
    if (!index_claims(run) || !allocate_workspace(run))
        return -ENOMEM;
    size_t behind = sorted_first(&run->functions, code_offset + 1);
    if (behind == 0)
        return -ENOENT;
    uint32_t index = run->functions.items[behind - 1].value;
    const struct motte_claimed_function *function = &run->claims->functions[index];
    if (code_offset - function->offset >= function->size)
        return -ENOENT;
    check_function(run, index);
    return frame_map_place(run, (uint32_t)code_offset, place) ? 0 : -ENOENT;
}

int motte_find_place(const struct motte_claims *claims, uint64_t code_offset, struct motte_place *place)
{
    struct verification run = {.claims = claims};
    int failure = find_place(&run, code_offset, place);
    release(&run);
    return failure;
}
