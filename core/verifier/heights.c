/* S1, S4, M2 and C1: the height of the native stack at every unit, and where control goes.
 *
 * The problem: rsp is never masked, and return addresses lie beside the spills.  Both are safe only if at every
 * instruction the distance from rsp to the return address is known.
 *
 * What fails: bounds on rsp alone.  `pop %rax; push %rdi; ret` keeps every bound on average, and returns wherever it
 * likes.
 *
 * The answer: the *height*, the bytes between rsp and the return address, is one constant at each unit: 0 at the entry,
 * changed only by the effects that are known exactly, never below 0 nor above F, equal wherever paths merge, and 0 at
 * every return.
 *
 * The walk goes from event to event, because what lies between leaves the height alone: the height at any unit is the
 * height at the first event at or behind it.  Each event is visited once, each jump target is followed once, each table
 * is read once, so the work is linear in the code's size whatever its jumps look like.
 */
#include "motte_abi.h"
#include "verification.h"

enum { LEAVES = -1 }; /* instead of a height: control does not go on behind the event */

/* --- arriving at jump targets ------------------------------------------------------------------------------------- */

static void arrive(struct verification *run, uint32_t target, int32_t height)
{
    int32_t *known = &run->target_heights[target - run->start];
    if (*known == NO_HEIGHT) {
        *known = height;
        run->pending[run->pending_count++] = target;
    } else if (*known != height) {
        report(run, MOTTE_RULE_S1, target);
    }
}

/* Index of the first event at or behind a unit: there is one, because the last instruction is an event. */
static size_t first_event(const struct verification *run, uint32_t unit)
{
    size_t first = 0;
    for (size_t rest = run->event_count; rest > 0; rest /= 2)
        first += (run->events[first + rest / 2].offset < unit) * (rest - rest / 2);
    return first;
}

/* --- one event: the height behind it, or LEAVES ------------------------------------------------------------------- */

/* M2: inside the frame, or inside the function's own arguments; never the return address between. */
static void check_access(struct verification *run, const struct event *event, int32_t height)
{
    int64_t start = event->first, end = start + event->second;
    int64_t own_arguments = run->claims->functions[run->function].stack_arguments;
    bool in_frame = start >= 0 && end <= height;
    bool in_arguments = start >= height + 8 && end <= height + 8 + own_arguments;
    if (!in_frame && !in_arguments)
        report(run, MOTTE_RULE_M2, event->offset);
}

/* S1: never below the return address, never above F. */
static int32_t grow(struct verification *run, const struct event *event, int64_t grown)
{
    if (grown >= 0 && grown <= (int64_t)MOTTE_MAX_FRAME_HEIGHT)
        return (int32_t)grown;
    report(run, MOTTE_RULE_S1, event->offset);
    return LEAVES;
}

/* Where a direct transfer leads, as an offset from the code's base. */
static int64_t target_of(const struct event *event)
{
    return (int64_t)event->offset + event->length + event->first;
}

static int64_t target_arguments(const struct verification *run, int64_t target)
{
    return stack_arguments_at(run, (int64_t)run->claims->base + target);
}

/* C1 and S4: to an entry or a gate, with its arguments inside this frame. */
static void check_call(struct verification *run, const struct event *event, int32_t height)
{
    int64_t arguments = target_arguments(run, target_of(event));
    if (arguments < 0)
        report(run, MOTTE_RULE_C1, event->offset);
    else if (height < arguments)
        report(run, MOTTE_RULE_S4, event->offset);
}

/* S4: a tail jump only where our frame is gone, and our caller has made room for the arguments. */
static void check_tail(struct verification *run, const struct event *event, int32_t height, int64_t arguments)
{
    if (height != 0 || arguments > run->claims->functions[run->function].stack_arguments)
        report(run, MOTTE_RULE_S4, event->offset);
}

/* C1: to a unit of this function, or, as a tail jump, to an entry or a gate. */
static void check_jump(struct verification *run, const struct event *event, int32_t height)
{
    int64_t target = target_of(event);
    if (is_unit(run, target)) {
        arrive(run, (uint32_t)target, height);
        return;
    }
    int64_t arguments = target_arguments(run, target);
    if (arguments < 0)
        report(run, MOTTE_RULE_C1, event->offset);
    else
        check_tail(run, event, height, arguments);
}

/* C2: A of the class if the class is declared, and its check leads to a trap; -1 otherwise. */
static int64_t check_class(struct verification *run, const struct event *event, int32_t height)
{
    if (is_unit(run, event->second) && is_trap(run, (uint64_t)event->second)) {
        run->events[first_event(run, (uint32_t)event->second)].first = true;
        arrive(run, (uint32_t)event->second, height);
    } else {
        report(run, MOTTE_RULE_C2, event->offset);
    }
    int64_t arguments = class_stack_arguments(run, event->first);
    if (arguments < 0)
        report(run, MOTTE_RULE_C2, event->offset);
    return arguments;
}

static void follow_table(struct verification *run, const struct motte_claimed_jump_table *table, int32_t height)
{
    for (uint32_t entry = 0; entry < table->entries; entry++)
        arrive(run, (uint32_t)jump_target(run, table, entry), height);
}

/* C3: through a table of this function, as long as the mask reaches, at one height. */
static void check_switch(struct verification *run, const struct event *event, int32_t height)
{
    int64_t index = find_jump_table(run, event->first);
    if (index < 0 || run->claims->jump_tables[index].entries != event->second) {
        report(run, MOTTE_RULE_C3, event->offset);
    } else if (run->table_heights[index] == NO_HEIGHT) {
        run->table_heights[index] = height;
        follow_table(run, &run->claims->jump_tables[index], height);
    } else if (run->table_heights[index] != height) {
        report(run, MOTTE_RULE_S1, event->offset);
    }
}

static int32_t apply(struct verification *run, const struct event *event, int32_t height)
{
    int64_t arguments;
    switch ((enum effect_kind)event->kind) {
    case EFFECT_ACCESS:
        check_access(run, event, height);
        return height;
    case EFFECT_PUSH:
        return grow(run, event, height + 8);
    case EFFECT_POP:
        return grow(run, event, height - 8);
    case EFFECT_ADJUST:
        return grow(run, event, height + event->first);
    case EFFECT_CALL:
        check_call(run, event, height);
        return height;
    case EFFECT_BRANCH:
        check_jump(run, event, height);
        return height;
    case EFFECT_JUMP:
        check_jump(run, event, height);
        return LEAVES;
    case EFFECT_RETURN:
        if (height != 0)
            report(run, MOTTE_RULE_S1, event->offset);
        return LEAVES;
    case EFFECT_TRAP: /* at any height: nothing runs after it */
        return LEAVES;
    case EFFECT_INDIRECT_CALL:
        if (height < check_class(run, event, height))
            report(run, MOTTE_RULE_S4, event->offset);
        return height;
    case EFFECT_INDIRECT_JUMP:
        arguments = check_class(run, event, height);
        if (arguments >= 0)
            check_tail(run, event, height, arguments);
        return LEAVES;
    case EFFECT_SWITCH:
        check_switch(run, event, height);
        return LEAVES;
    case EFFECT_NONE:
    case EFFECT_TABLE_COMPARE:
    case EFFECT_TABLE_CALL:
    case EFFECT_TABLE_JUMP:
    case EFFECT_INDEX_JUMP:
        break;
    }
    report(run, MOTTE_RULE_D5, event->offset); /* never: such events became part of a shape, or were refused */
    return LEAVES;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

/* Straight on from a unit until control leaves, or joins a path already walked. */
static void follow(struct verification *run, uint32_t target)
{
    int32_t height = run->target_heights[target - run->start];
    struct event *event = &run->events[first_event(run, target)];
    if (event->arrival < target)
        event->arrival = target;
    for (; height != LEAVES; event++) {
        if (event->height != NO_HEIGHT) {
            if (event->height != height)
                report(run, MOTTE_RULE_S1, event->arrival);
            return;
        }
        event->height = height;
        height = apply(run, event, height);
    }
}

void walk_heights(struct verification *run)
{
    for (uint32_t i = 0; i < run->end - run->start; i++)
        run->target_heights[i] = NO_HEIGHT;
    run->pending_count = 0;
    arrive(run, run->start, 0);
    while (run->pending_count > 0)
        follow(run, run->pending[--run->pending_count]);
    if (code_is_good(run))
        check_unreached(run);
}
