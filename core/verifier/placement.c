/* T1, D1 and D2: whether the claims make sense, before any byte is decoded.
 *
 * Addresses and sizes come from a stranger.  All sums below are of 32-bit numbers in 64 bits, and none wraps; what
 * passes here can be used as an index without further thought.
 */
#include "motte_abi.h"
#include "verification.h"

enum { MAX_TABLE_LOG2 = 27, TRAP_BYTE = 0xcc }; /* 2^27 entries of 16 bytes are more than the code region holds */

static bool is_stack_size(uint32_t claimed_bytes)
{
    return claimed_bytes <= MOTTE_MAX_FRAME_HEIGHT && claimed_bytes % 8 == 0;
}

static bool is_in_region(uint64_t base, size_t size)
{
    const uint64_t lowest = MOTTE_CODE_REGION_BASE + MOTTE_GATE_REGION_SIZE;
    return base >= lowest && base <= MOTTE_CODE_REGION_END && size <= MOTTE_CODE_REGION_END - base;
}

static void check_regions(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    if (claims->base % MOTTE_PAGE_SIZE || claims->tables_base % MOTTE_PAGE_SIZE)
        report(run, MOTTE_RULE_T1, 0);
    if (claims->code_size % MOTTE_PAGE_SIZE || claims->code_size == 0)
        report(run, MOTTE_RULE_T1, (int64_t)claims->code_size);
    if (!is_in_region(claims->base, claims->code_size) || !is_in_region(claims->tables_base, claims->tables_size) ||
        (claims->base < claims->tables_base + claims->tables_size &&
         claims->tables_base < claims->base + claims->code_size))
        report(run, MOTTE_RULE_T1, 0);
}

static void check_numbers(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    bool good = claims->function_table_log2 <= MAX_TABLE_LOG2 && claims->reaches_blocks <= 1;
    for (size_t i = 0; i < claims->class_count; i++)
        good &= claims->classes[i].number != MOTTE_UNUSED_CLASS && is_stack_size(claims->classes[i].stack_arguments);
    for (size_t i = 1; i < run->classes.count; i++)
        good &= run->classes.items[i].key != run->classes.items[i - 1].key;
    for (size_t i = 0; i < claims->jump_table_count; i++)
        good &= claims->jump_tables[i].owner < claims->function_count;
    for (size_t i = 0; i < claims->entry_count; i++)
        good &= claims->entries[i] < claims->function_count;
    if (!good)
        report(run, MOTTE_RULE_T1, 0);
}

/* D2: bytes outside functions are cc. */
static void check_gap(struct verification *run, uint64_t start, uint64_t end)
{
    const uint8_t *code = run->claims->code;
    for (uint64_t at = start; at < end; at++)
        if (code[at] != TRAP_BYTE) {
            report(run, MOTTE_RULE_D2, (int64_t)at);
            return;
        }
}

static void check_functions(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    uint64_t end_before = 0;
    for (size_t i = 0; i < run->functions.count; i++) {
        const struct motte_claimed_function *function = &claims->functions[run->functions.items[i].value];
        uint64_t offset = function->offset, size = function->size;
        if (!is_stack_size(function->stack_arguments))
            report(run, MOTTE_RULE_T1, (int64_t)offset);
        if (size == 0 || size > LARGEST_FUNCTION || offset + size > claims->code_size || offset < end_before) {
            report(run, MOTTE_RULE_D1, (int64_t)offset);
            continue;
        }
        check_gap(run, end_before, offset);
        end_before = offset + size;
    }
    check_gap(run, end_before, claims->code_size);
    for (size_t i = 0; i < claims->entry_count; i++) {
        const struct motte_claimed_function *entry = &claims->functions[claims->entries[i]];
        if (entry->stack_arguments != 0)
            report(run, MOTTE_RULE_S4, entry->offset);
    }
}

void check_placement(struct verification *run)
{
    check_regions(run);
    check_numbers(run);
    if (code_is_good(run))
        check_functions(run);
}

int64_t stack_arguments_at(const struct verification *run, int64_t address)
{
    const uint32_t *function = sorted_find(&run->functions, (uint64_t)address - run->claims->base);
    if (function)
        return run->claims->functions[*function].stack_arguments;
    const uint32_t *gate = sorted_find(&run->gates, (uint64_t)address);
    return gate ? (int64_t)*gate : -1;
}

int64_t class_stack_arguments(const struct verification *run, int64_t number)
{
    const uint32_t *arguments = sorted_find(&run->classes, (uint64_t)number);
    return arguments ? (int64_t)*arguments : -1;
}
