#include "fair.h"

#include <assert.h>

#define FRACTION_BITS 48
#define SURPLUS_LIMIT (UINT64_C(1) << 62)

uint64_t fair_inverse(uint64_t weight)
{
    return (UINT64_C(1) << FRACTION_BITS) / weight;
}

/* Virtual time of one of this weight, in ticks; in two halves, for 128 bits are not enough for the product. */
static uint64_t to_ticks(virtual_time span, uint64_t weight)
{
    virtual_time ticks = ((span >> FRACTION_BITS / 2) * weight) >> FRACTION_BITS / 2;
    return ticks < SURPLUS_LIMIT ? (uint64_t)ticks : SURPLUS_LIMIT;
}

/* `ticks` were used in the group, or owed to it. */
static void advance(struct meter *group, uint64_t ticks)
{
    if (group->surplus) {
        uint64_t held = ticks < group->surplus ? ticks : group->surplus;
        group->surplus -= held;
        ticks -= held;
    }
    if (group->inverted_weight != group->weight) {
        group->inverted_weight = group->weight;
        group->ticks_to_virtual = fair_inverse(group->weight);
    }
    group->virtual_now += (virtual_time)ticks * group->ticks_to_virtual;
}

static void hold(struct meter *group, uint64_t ticks)
{
    group->surplus = ticks < SURPLUS_LIMIT - group->surplus ? group->surplus + ticks : SURPLUS_LIMIT;
}

/* Counts what the stretches under way have used by `now`. */
static void catch_up(struct meter *group, uint64_t now)
{
    if (!group->under_way)
        return;
    uint64_t passed = group->under_way * now - group->starts;
    if (passed <= group->early)
        return;
    uint64_t ticks = passed - group->early;
    group->early = passed;
    advance(group, ticks);
}

static virtual_time slice_of(const struct contender *contender)
{
    return contender->is_meter ? ((const struct meter *)(const void *)contender)->own_slice
                               : contender->parent->leaf_slice;
}

static void insert(struct meter *group, struct contender *contender)
{
    contender->deadline = contender->eligible + slice_of(contender);
    if (contender->eligible > group->virtual_now) {
        contender->queue = CONTENDER_WAITING;
        heap_insert(&group->waiting, contender->eligible, contender, &contender->place);
    } else {
        contender->queue = CONTENDER_ELIGIBLE;
        heap_insert(&group->eligible, contender->deadline, contender, &contender->place);
    }
}

static void take_out(struct meter *group, struct contender *contender)
{
    heap_remove(contender->queue == CONTENDER_WAITING ? &group->waiting : &group->eligible, contender->place);
    contender->queue = CONTENDER_NOT_QUEUED;
}

static void join(struct meter *group, struct contender *contender)
{
    group->weight += contender->weight;
    if (contender->eligible <= group->virtual_now)
        contender->eligible = group->virtual_now;
    else
        advance(group, to_ticks(contender->eligible - group->virtual_now, contender->weight));
}

static void leave(struct meter *group, struct contender *contender)
{
    group->weight -= contender->weight;
    if (!group->weight)
        group->surplus = 0;
    else if (contender->eligible > group->virtual_now)
        hold(group, to_ticks(contender->eligible - group->virtual_now, contender->weight));
    else
        advance(group, to_ticks(group->virtual_now - contender->eligible, contender->weight));
}

void fair_queue(struct contender *contender, uint64_t now)
{
    assert(contender->queue == CONTENDER_NOT_QUEUED);
    if (!contender->running) {
        catch_up(contender->parent, now);
        join(contender->parent, contender);
    }
    insert(contender->parent, contender);
}

void fair_dequeue(struct contender *contender)
{
    assert(contender->queue != CONTENDER_NOT_QUEUED);
    take_out(contender->parent, contender);
    if (!contender->running)
        leave(contender->parent, contender);
}

static void make_eligible(struct meter *group)
{
    while (group->waiting.count && group->waiting.items[0].key <= group->virtual_now) {
        struct contender *contender = group->waiting.items[0].owner;
        heap_remove(&group->waiting, 0);
        contender->queue = CONTENDER_ELIGIBLE;
        heap_insert(&group->eligible, contender->deadline, contender, &contender->place);
    }
}

struct contender *fair_choose(struct meter *group, uint64_t now)
{
    catch_up(group, now);
    make_eligible(group);
    if (!group->eligible.count) {
        /* All who wait have had their shares, and those who have not are running: no worker idles for that. */
        virtual_time earliest = group->waiting.items[0].key;
        hold(group, to_ticks(earliest - group->virtual_now, group->weight));
        group->virtual_now = earliest;
        make_eligible(group);
    }
    return group->eligible.items[0].owner;
}

void fair_start(struct contender *contender, uint64_t now, bool queued)
{
    struct meter *group = contender->parent;
    contender->running++;
    group->under_way++;
    group->starts += now;
    take_out(group, contender);
    if (contender->is_meter)
        contender->eligible += meter_of(contender)->own_slice;
    if (queued)
        insert(group, contender);
}

/* One that the workers cannot give its share (more weight than one of them can serve) must not save up what it missed:
 * it would have the others wait for that later. Within two of the longest stretches nobody has missed anything. */
static void forgive(struct meter *group, struct contender *contender)
{
    virtual_time ahead = contender->is_meter ? contender->running * meter_of(contender)->own_slice : 0;
    virtual_time most = (virtual_time)(2 * group->longest_stretch) * contender->ticks_to_virtual;
    virtual_time served = contender->eligible - ahead;
    if (group->virtual_now <= most || served >= group->virtual_now - most)
        return;
    virtual_time missed = group->virtual_now - most - served;
    contender->eligible += missed;
    advance(group, to_ticks(missed, contender->weight));
}

/* A stretch is over; virtual time has moved by a part of it already. */
static void settle_early(struct meter *group, uint64_t started, uint64_t used)
{
    uint64_t counted = used < group->early ? used : group->early;
    group->early -= counted;
    group->starts -= started;
    if (counted < used)
        advance(group, used - counted);
    if (--group->under_way == 0 && group->early) {
        hold(group, group->early);
        group->early = 0;
    }
}

void fair_stop(struct contender *contender, uint64_t started, uint64_t used, bool queued)
{
    struct meter *group = contender->parent;
    if (contender->queue != CONTENDER_NOT_QUEUED)
        take_out(group, contender);
    contender->running--;
    contender->eligible += (virtual_time)used * contender->ticks_to_virtual;
    if (contender->is_meter)
        contender->eligible -= meter_of(contender)->own_slice;
    if (used > group->longest_stretch)
        group->longest_stretch = used;
    settle_early(group, started, used);
    if (group->root->workers > 1)
        forgive(group, contender);
    if (queued)
        insert(group, contender);
    else if (!contender->running)
        leave(group, contender);
}

void fair_reshape(struct meter *meter, uint32_t weight, uint64_t slice)
{
    struct contender *contender = &meter->contender;
    struct meter *group = contender->parent;
    bool queued = contender->queue != CONTENDER_NOT_QUEUED;
    bool member = queued || contender->running;
    if (queued)
        take_out(group, contender);
    contender->eligible -= contender->running * meter->own_slice;
    if (member)
        leave(group, contender);

    /* A debt stays as many ticks as it was. */
    uint64_t inverse = fair_inverse(weight);
    if (group && contender->eligible > group->virtual_now)
        contender->eligible = group->virtual_now +
                              (virtual_time)to_ticks(contender->eligible - group->virtual_now, contender->weight) * inverse;
    contender->weight = weight;
    contender->ticks_to_virtual = inverse;
    meter->slice = slice;
    meter->own_slice = (virtual_time)slice * inverse;
    meter->leaf_slice = (virtual_time)slice * fair_inverse(METER_WEIGHT);

    if (member)
        join(group, contender);
    contender->eligible += contender->running * meter->own_slice;
    if (queued)
        insert(group, contender);
}
