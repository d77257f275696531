/* T2, T3 and T4: the read-only tables through which control goes.
 *
 * Every byte of the tables belongs to exactly one thing: the function table, one claimed jump table, or zero padding.
 * So nothing that a table operand can reach is unchecked, and no byte is read in two ways.
 */
#include <errno.h>
#include <string.h>

#include "motte_abi.h"
#include "verification.h"

enum { MAX_ENTRIES = 1 << 20, FUNCTION_TABLE = UINT32_MAX };

static uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static int64_t offset_in_tables(const struct verification *run, uint64_t address)
{
    return (int64_t)(address - run->claims->tables_base);
}

/* --- T4: extents -------------------------------------------------------------------------------------------------- */

static void check_zero(struct verification *run, int64_t start, int64_t end)
{
    for (int64_t at = start; at < end; at++)
        if (run->claims->tables[at] != 0) {
            report(run, MOTTE_RULE_T4, at);
            return;
        }
}

/* Each table is inside, aligned, and disjoint from the others; between them are zeros. */
static void check_sorted_extents(struct verification *run, const struct sorted *extents)
{
    const struct motte_claims *claims = run->claims;
    int64_t end_before = 0, tables_size = (int64_t)claims->tables_size;
    for (size_t i = 0; i < extents->count; i++) {
        bool is_function_table = extents->items[i].value == FUNCTION_TABLE;
        int64_t offset = offset_in_tables(run, extents->items[i].key >> 32);
        int64_t size = (int64_t)((extents->items[i].key & UINT32_MAX) * MOTTE_JUMP_TABLE_ENTRY_SIZE);
        int64_t alignment = is_function_table ? MOTTE_FUNCTION_TABLE_ENTRY_SIZE : MOTTE_JUMP_TABLE_ENTRY_SIZE;
        if (!is_function_table && size > (int64_t)MAX_ENTRIES * (int64_t)MOTTE_JUMP_TABLE_ENTRY_SIZE)
            report(run, MOTTE_RULE_T4, offset);
        if (offset < end_before || size == 0 || offset + size > tables_size || offset % alignment != 0) {
            report(run, MOTTE_RULE_T4, offset);
            continue;
        }
        check_zero(run, end_before, offset);
        end_before = offset + size;
    }
    check_zero(run, end_before, tables_size);
}

int check_table_extents(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    struct sorted extents;
    if (!sorted_allocate(&extents, claims->jump_table_count + 1))
        return -ENOMEM;
    for (size_t i = 0; i < claims->jump_table_count; i++) {
        const struct motte_claimed_jump_table *table = &claims->jump_tables[i];
        extents.items[i] = (struct sorted_item){(uint64_t)table->address << 32 | table->entries, (uint32_t)i};
    }
    uint64_t words = MOTTE_FUNCTION_TABLE_ENTRY_SIZE / MOTTE_JUMP_TABLE_ENTRY_SIZE << claims->function_table_log2;
    extents.items[claims->jump_table_count] =
        (struct sorted_item){(uint64_t)claims->function_table << 32 | words, FUNCTION_TABLE};
    sorted_sort(&extents);
    check_sorted_extents(run, &extents);
    sorted_release(&extents);
    return 0;
}

/* --- T3: jump tables ---------------------------------------------------------------------------------------------- */

static uint64_t table_key(uint32_t owner, uint32_t address)
{
    return (uint64_t)owner << 32 | address;
}

uint64_t jump_target(const struct verification *run, const struct motte_claimed_jump_table *table, uint32_t entry)
{
    int64_t place = offset_in_tables(run, table->address) + (int64_t)(entry * MOTTE_JUMP_TABLE_ENTRY_SIZE);
    return read_u64(run->claims->tables + place) - run->claims->base;
}

bool check_jump_tables(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    bool good = true;
    for (size_t i = sorted_first(&run->jump_tables, table_key(run->function, 0)); i < run->jump_tables.count; i++) {
        const struct motte_claimed_jump_table *table = &claims->jump_tables[run->jump_tables.items[i].value];
        if (table->owner != run->function)
            break;
        for (uint32_t entry = 0; entry < table->entries; entry++) {
            uint64_t target = jump_target(run, table, entry);
            if (target >= claims->code_size || !is_unit(run, (int64_t)target)) {
                int64_t place = (int64_t)(entry * MOTTE_JUMP_TABLE_ENTRY_SIZE);
                report(run, MOTTE_RULE_T3, offset_in_tables(run, table->address) + place);
                good = false;
            }
        }
    }
    return good;
}

int64_t find_jump_table(const struct verification *run, int64_t address)
{
    if (address < 0 || address > UINT32_MAX)
        return -1;
    const uint32_t *index = sorted_find(&run->jump_tables, table_key(run->function, (uint32_t)address));
    return index ? (int64_t)*index : -1;
}

/* --- T2: the function table --------------------------------------------------------------------------------------- */

static bool entry_is_good(const struct verification *run, const uint8_t *entry)
{
    uint64_t address = read_u64(entry);
    uint32_t class_number = read_u32(entry + 8);
    if (read_u32(entry + 12) != 0)
        return false;
    if (class_number == MOTTE_UNUSED_CLASS)
        return is_trap(run, address - run->claims->base);
    int64_t arguments = class_stack_arguments(run, class_number);
    return arguments >= 0 && stack_arguments_at(run, (int64_t)address) == arguments;
}

void check_function_table(struct verification *run)
{
    const struct motte_claims *claims = run->claims;
    int64_t offset = offset_in_tables(run, claims->function_table);
    int64_t end = offset + ((int64_t)MOTTE_FUNCTION_TABLE_ENTRY_SIZE << claims->function_table_log2);
    for (; offset < end; offset += MOTTE_FUNCTION_TABLE_ENTRY_SIZE)
        if (!entry_is_good(run, claims->tables + offset))
            report(run, MOTTE_RULE_T2, offset);
}
