/* D1: the one linear decode of a function, from its first byte to exactly its last.
 *
 * This is the loop that sees every instruction.  What survives of them is a bit for each unit and the list of *events*:
 * the few that touch the stack or control.  A shape becomes one event, at the place of its first instruction.
 */
#include <string.h>

#include "decode.h"
#include "examine.h"
#include "motte_abi.h"
#include "shapes.h"
#include "verification.h"

enum { REMEMBERED = 8 }; /* a power of two, and at least CALL_LENGTH */

/* The last instructions, of which a shape may turn out to consist. */
struct recent {
    struct step steps[REMEMBERED];
    unsigned count; /* of all instructions so far */
};

static void remember(struct recent *recent, struct step step)
{
    recent->steps[recent->count++ % REMEMBERED] = step;
}

/* The last `count` of them, the newest at the end. */
static void recall(const struct recent *recent, struct step *steps, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        steps[i] = recent->steps[(recent->count - count + i) % REMEMBERED];
}

static void set_unit(struct verification *run, uint32_t offset, bool is_unit)
{
    uint64_t bit = UINT64_C(1) << (offset % 64);
    if (is_unit)
        run->units[offset / 64] |= bit;
    else
        run->units[offset / 64] &= ~bit;
}

static void add_event(struct verification *run, uint32_t offset, uint32_t length, struct effect effect)
{
    run->events[run->event_count++] = (struct event){
        .offset = offset,
        .length = (uint8_t)length,
        .kind = (uint8_t)effect.kind,
        .height = NO_HEIGHT,
        .first = effect.first,
        .second = effect.second,
    };
}

/* Makes one event of the shape of `count` instructions that ends with the newest; reports it if it is none. */
static bool fold(struct verification *run, const struct recent *recent, unsigned count)
{
    const struct motte_claims *claims = run->claims;
    struct step steps[CALL_LENGTH];
    recall(recent, steps, count);
    const struct step *last = &steps[count - 1];
    uint32_t mask = (uint32_t)(((UINT64_C(1) << claims->function_table_log2) - 1) * MOTTE_FUNCTION_TABLE_ENTRY_SIZE);
    struct effect effect;
    enum motte_rule rule = count == CALL_LENGTH
                               ? indirect_call(claims->code, steps, claims->function_table, mask, &effect)
                               : switch_jump(claims->code, steps, &effect);
    if (rule != MOTTE_RULE_NONE) {
        report(run, rule, last->offset);
        return false;
    }
    while (run->event_count > 0 && run->events[run->event_count - 1].offset >= steps[0].offset)
        run->event_count--;
    add_event(run, steps[0].offset, last->offset + last->length - steps[0].offset, effect);
    for (unsigned i = 1; i < count; i++)
        set_unit(run, steps[i].offset, false);
    return true;
}

/* Records one instruction. False if it ends what should be a shape, and is not. */
static bool record(struct verification *run, struct recent *recent, struct step step)
{
    set_unit(run, step.offset, true);
    remember(recent, step);
    if (step.effect.kind == EFFECT_NONE)
        return true;
    add_event(run, step.offset, step.length, step.effect);
    switch (step.effect.kind) {
    case EFFECT_TABLE_CALL:
    case EFFECT_TABLE_JUMP:
        return fold(run, recent, CALL_LENGTH);
    case EFFECT_INDEX_JUMP:
        return fold(run, recent, SWITCH_LENGTH);
    default:
        return true;
    }
}

static bool is_terminator(enum effect_kind kind)
{
    return kind == EFFECT_JUMP || kind == EFFECT_RETURN || kind == EFFECT_TRAP || kind == EFFECT_INDIRECT_JUMP ||
           kind == EFFECT_SWITCH;
}

/* C1 and M8, at the end of a function without other violations whose last instruction is at `last`. */
static void check_end(struct verification *run, uint32_t last)
{
    const struct event *final = run->event_count ? &run->events[run->event_count - 1] : NULL;
    if (!final || final->offset + final->length != run->end || !is_terminator(final->kind))
        report(run, MOTTE_RULE_C1, last);
    for (size_t i = 0; i < run->event_count; i++)
        if (run->events[i].kind == EFFECT_TABLE_COMPARE) {
            report(run, MOTTE_RULE_M8, run->events[i].offset);
            return;
        }
}

bool decode_function(struct verification *run)
{
    const uint8_t *code = run->claims->code;
    struct recent recent = {0};
    uint32_t at = run->start, last = at;
    run->event_count = 0;
    while (at < run->end) {
        uint32_t available = run->end - at;
        const uint8_t *bytes = code + at;
        uint8_t padded[DECODE_WINDOW];
        if (available < DECODE_WINDOW) {
            /* Near the function's end the decoder looks at zeros, and never at what follows. */
            memset(padded, 0, sizeof padded);
            bytes = memcpy(padded, bytes, available);
        }
        struct effect effect;
        unsigned length;
        enum motte_rule rule = examine(bytes, available, run->claims->reaches_blocks, &length, &effect);
        if (rule != MOTTE_RULE_NONE) {
            report(run, rule, at);
            return false;
        }
        if (!record(run, &recent, (struct step){at, (uint8_t)length, effect}))
            return false;
        last = at;
        at += length;
        run->instruction_count++;
    }
    check_end(run, last);
    return code_is_good(run);
}

/* --- code that no path reaches ------------------------------------------------------------------------------------ */

/* Walks over NOPs from `at` to a trap or to code that a jump reaches. */
static void check_run(struct verification *run, uint32_t at)
{
    const uint8_t *code = run->claims->code;
    while (at < run->end && run->target_heights[at - run->start] == NO_HEIGHT) {
        if (is_trap(run, at))
            return;
        unsigned length = nop_length(code + at, run->end - at);
        if (length == 0) {
            report(run, MOTTE_RULE_C1, at);
            return;
        }
        at += length;
    }
}

void check_unreached(struct verification *run)
{
    for (size_t i = 0; i < run->event_count; i++)
        if (is_terminator(run->events[i].kind))
            check_run(run, run->events[i].offset + run->events[i].length);
}
