#include "mutants.h"

#include <string.h>

#include "answers.h"
#include "arena.h"
#include "seen.h"
#include "surroundings.h"

enum { LARGEST = 4096, PAGE = 4096 };

static const struct corpus *corpus;

static void put(uint8_t *code, uint32_t offset, uint32_t value)
{
    memcpy(code + offset, &value, sizeof value);
}

/* Fields that depend on the place, for a subject at `address` whose jump tables begin at `tables`. */
static void move_fields(const struct subject *subject, uint8_t *code, uint64_t address, uint64_t tables)
{
    for (uint32_t i = 0; i < subject->moved_count; i++) {
        const struct moved_field *field = &subject->moved[i];
        uint64_t table = tables;
        switch ((enum moved_kind)field->kind) {
        case MOVED_CALL:
            put(code, field->offset, (uint32_t)(gate_for(field->value) - (address + field->offset + 4)));
            break;
        case MOVED_TABLE:
            put(code, field->offset, (uint32_t)TABLES_AT + field->value);
            break;
        case MOVED_MASK:
            put(code, field->offset, FUNCTION_TABLE - 16);
            break;
        case MOVED_JUMP_TABLE:
            for (uint32_t k = 0; k < field->value; k++)
                table += 8 * subject->tables[k].count;
            put(code, field->offset, (uint32_t)table);
            break;
        }
    }
}

/* The originals are no mutants of themselves. */
void mutants_prepare(const struct corpus *read)
{
    corpus = read;
    for (uint32_t i = 0; i < corpus->count; i++) {
        const struct subject *subject = &corpus->subjects[i];
        uint8_t code[LARGEST];
        if (subject->size > LARGEST)
            continue;
        memcpy(code, subject->code, subject->size);
        move_fields(subject, code, 0, TABLES_AT);
        seen_is_new(code, subject->size);
    }
}

/* --- the verifier's answer ---------------------------------------------------------------------------------------- */

/* The function table and the jump tables of one mutant, at their places; all else is zero. */
static uint8_t lonely_tables[TABLES_SIZE];

struct motte_claims block_claims(const struct block *block)
{
    struct motte_claims claims = claims_about(BLOCK_AT, (const uint8_t *)BLOCK_AT, BLOCK_SIZE);
    claims.tables = (const uint8_t *)TABLES_AT;
    claims.tables_size = block->tables_used;
    claims.functions = block->functions;
    claims.function_count = block->count;
    claims.jump_tables = block->tables;
    claims.jump_table_count = block->table_count;
    return claims;
}

/* The mutant alone, in pages that lie elsewhere but are claimed for its final place. True if it is accepted, and
 * the changed byte is in code that can be reached; then its unit is known. */
static bool ask(struct mutant *mutant, const uint8_t *pages, size_t size, uint32_t tables_size,
                const struct motte_claimed_jump_table *tables, uint32_t table_count)
{
    uint32_t page = mutant->offset / PAGE * PAGE;
    struct motte_claims claims = claims_about(BLOCK_AT + page, pages, size);
    struct motte_claimed_function function = {mutant->offset - page, mutant->size, mutant->stack_arguments};
    struct motte_verdict verdict;
    struct motte_place place;
    claims.tables = lonely_tables;
    claims.tables_size = tables_size;
    claims.functions = &function;
    claims.function_count = 1;
    claims.jump_tables = tables;
    claims.jump_table_count = table_count;
    if (motte_verify(&claims, &verdict) != 0)
        give_up("motte_verify");
    bool accepted = verdict.rule == MOTTE_RULE_NONE;
    answers_add(&claims, &verdict);
    motte_verdict_release(&verdict);
    if (!accepted || motte_find_place(&claims, mutant->offset - page + mutant->at, &place) != 0)
        return false;
    mutant->unit = page + place.unit;
    mutant->height = place.height;
    return true;
}

/* --- the block ---------------------------------------------------------------------------------------------------- */

enum { ROOM = 2 * LARGEST, TABLE_ROOM = 8 * 4096, ALIGNMENT = 16 };

void block_begin(struct block *block)
{
    memset((void *)BLOCK_AT, 0xcc, BLOCK_SIZE);
    memset((void *)TABLES_AT, 0, TABLES_SIZE);
    write_function_table((uint8_t *)TABLES_AT);
    memcpy(lonely_tables, (const void *)TABLES_AT, FUNCTION_TABLE);
    block->count = block->used = block->table_count = 0;
    block->tables_used = FUNCTION_TABLE;
}

bool block_has_room(const struct block *block)
{
    return block->count < MOST_IN_BLOCK && block->used + ROOM <= BLOCK_SIZE
        && block->tables_used + TABLE_ROOM <= TABLES_SIZE;
}

/* The subject's jump tables for a mutant at `address`, behind the block's last; their end. */
static uint32_t write_tables(const struct subject *subject, const struct block *block, uint64_t address,
                             struct motte_claimed_jump_table *claimed)
{
    uint32_t at = block->tables_used;
    for (uint32_t i = 0; i < subject->table_count; i++) {
        const struct target_table *table = &subject->tables[i];
        claimed[i] = (struct motte_claimed_jump_table){(uint32_t)TABLES_AT + at, table->count, 0};
        for (uint32_t k = 0; k < table->count; k++, at += 8) {
            uint64_t target = address + table->targets[k];
            memcpy(lonely_tables + at, &target, sizeof target);
        }
    }
    return at;
}

static void add(struct block *block, const struct mutant *mutant, const uint8_t *code,
                const struct motte_claimed_jump_table *tables, uint32_t table_count, uint32_t tables_end)
{
    memcpy((uint8_t *)BLOCK_AT + mutant->offset, code, mutant->size);
    memcpy((uint8_t *)TABLES_AT + block->tables_used, lonely_tables + block->tables_used,
           tables_end - block->tables_used);
    for (uint32_t i = 0; i < table_count; i++) {
        block->tables[block->table_count] = tables[i];
        block->tables[block->table_count++].owner = block->count;
    }
    block->functions[block->count] =
        (struct motte_claimed_function){mutant->offset, mutant->size, mutant->stack_arguments};
    block->mutants[block->count++] = *mutant;
    block->used = mutant->offset + mutant->size;
    block->tables_used = tables_end;
}

bool block_try(struct block *block, uint32_t number, enum change change, uint32_t place, uint64_t *random,
               struct totals *totals)
{
    enum { MOST_TABLES = 4 };
    const struct subject *subject = &corpus->subjects[number];
    if (subject->size > LARGEST || subject->table_count > MOST_TABLES)
        return false;
    struct motte_claimed_jump_table tables[MOST_TABLES];
    uint32_t offset = (block->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, page = offset / PAGE * PAGE;
    static uint8_t pages[3 * PAGE];
    uint8_t *code = pages + (offset - page);
    size_t size = (offset - page + subject->size + PAGE - 1) / PAGE * PAGE;
    memset(pages, 0xcc, size);

    /* The change is made twice: to the bytes as they are before they get a place, which say whether it is new, and to
     * the placed ones. */
    uint8_t bare[LARGEST];
    uint64_t again = *random;
    memcpy(bare, subject->code, subject->size);
    move_fields(subject, bare, 0, TABLES_AT);
    change_apply(corpus, subject, bare, change, place, random);
    memcpy(code, subject->code, subject->size);
    uint32_t tables_end = write_tables(subject, block, BLOCK_AT + offset, tables);
    move_fields(subject, code, BLOCK_AT + offset, TABLES_AT + block->tables_used);
    struct mutant mutant = {
        .subject = number,
        .at = change_apply(corpus, subject, code, change, place, &again),
        .offset = offset,
        .size = subject->size,
        .stack_arguments = subject->stack_arguments,
        .change = (uint8_t)change,
    };
    mutant.kind = subject->kinds[mutant.at] & KIND_MASK;

    totals->tried++;
    bool accepted = ask(&mutant, pages, size, tables_end, tables, subject->table_count);
    if (accepted && !seen_is_new(bare, subject->size)) {
        totals->repeated++;
        accepted = false;
    }
    if (accepted) {
        totals->accepted++;
        add(block, &mutant, code, tables, subject->table_count, tables_end);
    }
    memset(lonely_tables + block->tables_used, 0, accepted ? 0 : tables_end - block->tables_used);
    if (accepted && subject->table_count)
        memset(lonely_tables + FUNCTION_TABLE, 0, tables_end - FUNCTION_TABLE);
    return accepted;
}
