#include "fair.h"

#include <assert.h>

#include "group_clock.h"

static virtual_time slice_of(const struct contender *contender)
{
    return contender->is_meter ? ((const struct meter *)(const void *)contender)->own_slice
                               : contender->parent->leaf_slice;
}

/* A meter that runs on one worker is queued for the others as if each of its stretches had used a slice already. */
static virtual_time eligible_for_others(const struct contender *contender)
{
    return contender->eligible + (contender->running ? contender->running * slice_of(contender) : 0);
}

static void insert(struct meter *group, struct contender *contender)
{
    virtual_time eligible = eligible_for_others(contender);
    contender->deadline = eligible + slice_of(contender);
    if (eligible > group->virtual_now) {
        contender->queue = CONTENDER_WAITING;
        heap_insert(&group->waiting, eligible, contender, &contender->place);
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

/* Its time has changed: queued, wherever it was before, or not. */
static void place(struct meter *group, struct contender *contender, bool queued)
{
    if (contender->queue == CONTENDER_ELIGIBLE && queued && eligible_for_others(contender) <= group->virtual_now) {
        contender->deadline = eligible_for_others(contender) + slice_of(contender);
        heap_change(&group->eligible, contender->place, contender->deadline);
        return;
    }
    if (contender->queue != CONTENDER_NOT_QUEUED)
        take_out(group, contender);
    if (queued)
        insert(group, contender);
}

static void join(struct meter *group, struct contender *contender)
{
    group->weight += contender->weight;
    if (contender->eligible <= group->virtual_now) {
        contender->eligible = group->virtual_now - (virtual_time)contender->lag * contender->ticks_to_virtual;
        clock_hold(group, contender->lag);
    } else {
        clock_advance(group, clock_ticks(contender->eligible - group->virtual_now, contender->weight));
    }
    contender->lag = 0;
}

/* What it has still to get it finds again when it comes back: no more than a slice, nor than it has just used. */
static void keep_lag(const struct meter *group, struct contender *contender, uint64_t used)
{
    virtual_time behind = group->virtual_now - contender->eligible, slice = slice_of(contender);
    uint64_t lag = clock_ticks(behind < slice ? behind : slice, contender->weight);
    contender->lag = lag < used ? lag : used;
}

static void leave(struct meter *group, struct contender *contender, uint64_t used)
{
    group->weight -= contender->weight;
    if (contender->eligible < group->virtual_now)
        keep_lag(group, contender, used);
    if (!group->weight)
        group->surplus = 0;
    else if (contender->eligible > group->virtual_now)
        clock_hold(group, clock_ticks(contender->eligible - group->virtual_now, contender->weight));
    else
        clock_advance(group, clock_ticks(group->virtual_now - contender->eligible, contender->weight));
}

void fair_queue(struct contender *contender, uint64_t now)
{
    assert(contender->queue == CONTENDER_NOT_QUEUED);
    if (!contender->running) {
        clock_catch_up(contender->parent, now);
        join(contender->parent, contender);
    }
    insert(contender->parent, contender);
}

void fair_dequeue(struct contender *contender)
{
    assert(contender->queue != CONTENDER_NOT_QUEUED);
    take_out(contender->parent, contender);
    if (!contender->running)
        leave(contender->parent, contender, UINT64_MAX);
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

/* The first of those who wait, and only that one, is eligible: spare it the other heap.  The second earliest of a heap
 * is one of the next two. */
static bool is_only_choice(const struct meter *group)
{
    const struct heap *waiting = &group->waiting;
    if (group->eligible.count || !waiting->count || waiting->items[0].key > group->virtual_now)
        return false;
    return (waiting->count < 2 || waiting->items[1].key > group->virtual_now)
        && (waiting->count < 3 || waiting->items[2].key > group->virtual_now);
}

struct contender *fair_choose(struct meter *group, uint64_t now)
{
    clock_catch_up(group, now);
    if (is_only_choice(group))
        return group->waiting.items[0].owner;
    make_eligible(group);
    if (!group->eligible.count) {
        /* All who wait have had their shares, and those who have not are running: no worker idles for that. */
        virtual_time earliest = group->waiting.items[0].key;
        clock_hold(group, clock_ticks(earliest - group->virtual_now, group->weight));
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
    bool has_rivals = group->weight > contender->weight; /* else its place in the queue is the same anyhow */
    if (!queued || (has_rivals && group->root->workers > 1))
        place(group, contender, queued);
}

/* One that the workers cannot give its share (more weight than one of them can serve) must not save up what it missed:
 * it would have the others wait for that later.  What may be missing is what one more stretch than there are workers
 * could have used. */
static void forgive(struct meter *group, struct contender *contender)
{
    uint64_t ticks = (group->root->workers + 1) * group->longest_stretch;
    virtual_time most = (virtual_time)ticks * contender->ticks_to_virtual;
    if (contender->eligible >= group->virtual_now - most)
        return;
    virtual_time missed = group->virtual_now - most - contender->eligible;
    contender->eligible += missed;
    clock_advance(group, clock_ticks(missed, contender->weight));
}

void fair_stop(struct contender *contender, uint64_t started, uint64_t used, bool queued)
{
    struct meter *group = contender->parent;
    contender->running--;
    contender->eligible += (virtual_time)used * contender->ticks_to_virtual;
    if (used > group->longest_stretch)
        group->longest_stretch = used;
    clock_stop(group, started, used);
    if (group->root->workers > 1)
        forgive(group, contender);
    place(group, contender, queued);
    if (!queued && !contender->running)
        leave(group, contender, used);
}

/* Its lag, debt or credit, stays as many ticks as it was; so the sum of lags stays too. */
static void reweigh(struct meter *group, struct contender *contender, uint32_t weight, bool is_member)
{
    uint64_t inverse = clock_inverse(weight);
    virtual_time now = group->virtual_now;
    if (contender->eligible > now)
        contender->eligible = now + (virtual_time)clock_ticks(contender->eligible - now, contender->weight) * inverse;
    else if (is_member)
        contender->eligible = now - (virtual_time)clock_ticks(now - contender->eligible, contender->weight) * inverse;
    if (is_member)
        group->weight += weight - (uint64_t)contender->weight;
}

void fair_reshape(struct meter *meter, uint32_t weight, uint64_t slice)
{
    struct contender *contender = &meter->contender;
    struct meter *group = contender->parent;
    bool queued = contender->queue != CONTENDER_NOT_QUEUED;
    assert(group || !queued);
    if (queued)
        take_out(group, contender);
    if (group)
        reweigh(group, contender, weight, queued || contender->running);
    contender->weight = weight;
    contender->ticks_to_virtual = clock_inverse(weight);
    meter->slice = slice;
    meter->own_slice = (virtual_time)slice * contender->ticks_to_virtual;
    meter->leaf_slice = (virtual_time)slice * clock_inverse(METER_WEIGHT);
    if (queued)
        insert(group, contender);
}
