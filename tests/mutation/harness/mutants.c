#include "mutants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"

#define SEEN_SIZE (sizeof(uint64_t) << SEEN_LOG2)

enum { LARGEST = 4096, PAGE = 4096, SEEN_LOG2 = 26, LONGEST_SPLICE = 15, FUNCTION_TABLE = 16 << TABLE_LOG2 };

static const struct corpus *corpus;
static struct motte_gate gates[MOST_GATES];
static struct motte_claimed_class *classes;
static size_t gates_used;
static uint64_t *seen; /* hashes of accepted mutants, open addressing */

uint64_t draw(uint64_t *random)
{
    uint64_t mixed = (*random += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* --- gates: one for each number of stack arguments; all functions that a subject calls become gates ----------------- */

static uint32_t gate_for(uint32_t stack_arguments)
{
    for (size_t i = 0; i < gates_used; i++)
        if (gates[i].stack_arguments == stack_arguments)
            return gates[i].address;
    if (gates_used == MOST_GATES)
        give_up("too many different sizes of stack arguments");
    gates[gates_used] = (struct motte_gate){(uint32_t)(GATES_AT + gates_used * GATE_STRIDE), stack_arguments};
    return gates[gates_used++].address;
}

size_t gate_count(void)
{
    return gates_used;
}

void mutants_prepare(const struct corpus *read)
{
    corpus = read;
    classes = calloc(corpus->class_count, sizeof *classes);
    for (uint32_t i = 0; i < corpus->class_count; i++) {
        classes[i] = (struct motte_claimed_class){corpus->classes[i].number, corpus->classes[i].stack_arguments};
        gate_for(classes[i].stack_arguments);
    }
    for (uint32_t i = 0; i < corpus->count; i++)
        for (uint32_t k = 0; k < corpus->subjects[i].moved_count; k++)
            if (corpus->subjects[i].moved[k].kind == MOVED_CALL)
                gate_for(corpus->subjects[i].moved[k].value);
    seen = mmap(NULL, SEEN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (seen == MAP_FAILED)
        give_up("mmap");
}

void mutants_hide(bool hidden)
{
    if (mprotect(seen, SEEN_SIZE, hidden ? PROT_NONE : PROT_READ | PROT_WRITE) != 0)
        give_up("mprotect");
}

/* --- one mutant ----------------------------------------------------------------------------------------------------- */

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

static uint64_t hash_of(const uint8_t *code, uint32_t size, uint32_t subject)
{
    uint64_t hash = size ^ (uint64_t)subject << 32;
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ code[i]) * UINT64_C(0x100000001b3) ^ hash >> 31;
    return hash ? hash : 1;
}

/* Whether these bytes, at no place yet, are new; remembers them. */
static bool is_new(uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << SEEN_LOG2) - 1, at = (hash * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SEEN_LOG2);
    while (seen[at] && seen[at] != hash)
        at = (at + 1) & mask;
    bool fresh = !seen[at];
    seen[at] = hash;
    return fresh;
}

static uint32_t instruction_size(const struct subject *subject, uint32_t start)
{
    uint32_t end = start + 1;
    while (end < subject->size && !(subject->kinds[end] & KIND_FIRST))
        end++;
    return end - start;
}

static uint32_t instruction_start(const struct subject *subject, uint32_t at)
{
    while (!(subject->kinds[at] & KIND_FIRST))
        at--;
    return at;
}

/* The specification's NOPs of one to nine bytes. */
static void fill_with_nops(uint8_t *code, uint32_t size)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (size) {
        uint32_t once = size < 9 ? size : 9;
        memcpy(code, nops[once - 1], once);
        code += once;
        size -= once;
    }
}

/* Bytes of any subject from any place, mostly whole instructions, over whole instructions of this one.  The first
 * changed byte. */
static uint32_t splice(const struct subject *subject, uint8_t *code, uint32_t place, uint64_t *random)
{
    uint32_t start = instruction_start(subject, place), room = instruction_size(subject, start);
    const struct subject *other = &corpus->subjects[draw(random) % corpus->count];
    uint32_t from = (uint32_t)(draw(random) % other->size), size;
    if (draw(random) % 4) {
        from = instruction_start(other, from);
        size = instruction_size(other, from);
    } else {
        size = 1 + (uint32_t)(draw(random) % LONGEST_SPLICE);
        size = size < other->size - from ? size : other->size - from;
    }
    while (room < size && start + room < subject->size)
        room += instruction_size(subject, start + room);
    if (size > room)
        size = room;
    memcpy(code + start, other->code + from, size);
    fill_with_nops(code + start + size, room - size);
    return start;
}

/* Changes `code` at or near `place` (for single bits: the number of the bit). The first changed byte. */
static uint32_t apply(const struct subject *subject, uint8_t *code, enum change change, uint32_t place,
                      uint64_t *random)
{
    uint32_t start, size;
    switch (change) {
    case CHANGE_BIT:
        code[place / 8] ^= (uint8_t)(1u << place % 8);
        return place / 8;
    case CHANGE_BYTE:
        code[place] ^= (uint8_t)(1 + draw(random) % 255);
        return place;
    case CHANGE_TWO_BITS:
        start = instruction_start(subject, place);
        size = instruction_size(subject, start);
        code[place] ^= (uint8_t)(1u << draw(random) % 8);
        code[start + draw(random) % size] ^= (uint8_t)(1u << draw(random) % 8);
        return place;
    case CHANGE_SPLICE:
        return splice(subject, code, place, random);
    case CHANGES:
        break;
    }
    abort();
}

/* --- the verifier's answer ------------------------------------------------------------------------------------------- */

/* The function table and the jump tables of one mutant, at their places; all else is zero. */
static uint8_t lonely_tables[TABLES_SIZE];

static struct motte_claims claims_at(uint64_t base, const uint8_t *code, size_t size)
{
    return (struct motte_claims){
        .base = base,
        .code = code,
        .code_size = size,
        .tables_base = TABLES_AT,
        .function_table = TABLES_AT,
        .function_table_log2 = TABLE_LOG2,
        .gates = gates,
        .gate_count = gates_used,
        .classes = classes,
        .class_count = corpus->class_count,
    };
}

struct motte_claims block_claims(const struct block *block)
{
    struct motte_claims claims = claims_at(BLOCK_AT, (const uint8_t *)BLOCK_AT, BLOCK_SIZE);
    claims.tables = (const uint8_t *)TABLES_AT;
    claims.tables_size = block->tables_used;
    claims.functions = block->functions;
    claims.function_count = block->count;
    claims.jump_tables = block->tables;
    claims.jump_table_count = block->table_count;
    return claims;
}

enum { ANSWERS_ONE_IN = 64 };

static FILE *answers;
static uint64_t asked;

void mutants_write_answers(FILE *file)
{
    answers = file;
    for (size_t i = 0; i < gates_used; i++)
        fprintf(file, "gate %x %x\n", gates[i].address, gates[i].stack_arguments);
    for (uint32_t i = 0; i < corpus->class_count; i++)
        fprintf(file, "class %x %x\n", classes[i].number, classes[i].stack_arguments);
}

/* One function and what was said about it. */
static void write_answer(const struct motte_claims *claims, const struct motte_verdict *verdict)
{
    const struct motte_claimed_function *function = claims->functions;
    const char *rule = motte_rule_name(verdict->rule);
    fprintf(answers, "answer %s %" PRId64 " %" PRIx64 " %x %x ", *rule ? rule : "accepted", verdict->offset,
            claims->base, function->offset, function->stack_arguments);
    for (uint32_t i = 0; i < function->size; i++)
        fprintf(answers, "%02x", claims->code[function->offset + i]);
    fprintf(answers, "\n");
}

/* The mutant alone, in pages that lie elsewhere but are claimed for its final place. True if it is accepted, and
 * the changed byte is in code that can be reached; then its unit is known. */
static bool ask(struct mutant *mutant, const uint8_t *pages, size_t size, uint32_t tables_size,
                const struct motte_claimed_jump_table *tables, uint32_t table_count)
{
    uint32_t page = mutant->offset / PAGE * PAGE;
    struct motte_claims claims = claims_at(BLOCK_AT + page, pages, size);
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
    if (answers && table_count == 0 && asked++ % ANSWERS_ONE_IN == 0)
        write_answer(&claims, &verdict);
    motte_verdict_release(&verdict);
    if (!accepted || motte_find_place(&claims, mutant->offset - page + mutant->at, &place) != 0)
        return false;
    mutant->unit = page + place.unit;
    mutant->height = place.height;
    return true;
}

/* --- the block ------------------------------------------------------------------------------------------------------- */

enum { ROOM = 2 * LARGEST, TABLE_ROOM = 8 * 4096, ALIGNMENT = 16 };

void block_begin(struct block *block)
{
    memset((void *)BLOCK_AT, 0xcc, BLOCK_SIZE);
    memset((void *)TABLES_AT, 0, TABLES_SIZE);
    for (uint32_t i = 0; i < 1u << TABLE_LOG2; i++) {
        const struct motte_claimed_class *class = &classes[i % corpus->class_count];
        uint64_t address = gate_for(class->stack_arguments);
        memcpy((uint8_t *)TABLES_AT + 16 * i, &address, sizeof address);
        memcpy((uint8_t *)TABLES_AT + 16 * i + 8, &class->number, sizeof class->number);
    }
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
    uint64_t again = *random;
    memcpy(code, subject->code, subject->size);
    move_fields(subject, code, 0, TABLES_AT);
    apply(subject, code, change, place, random);
    uint64_t hash = hash_of(code, subject->size, number);
    memcpy(code, subject->code, subject->size);
    uint32_t tables_end = write_tables(subject, block, BLOCK_AT + offset, tables);
    move_fields(subject, code, BLOCK_AT + offset, TABLES_AT + block->tables_used);
    struct mutant mutant = {
        .subject = number,
        .at = apply(subject, code, change, place, &again),
        .offset = offset,
        .size = subject->size,
        .stack_arguments = subject->stack_arguments,
        .change = (uint8_t)change,
    };
    mutant.kind = subject->kinds[mutant.at] & KIND_MASK;

    totals->tried++;
    bool accepted = ask(&mutant, pages, size, tables_end, tables, subject->table_count);
    if (accepted && !is_new(hash)) {
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
