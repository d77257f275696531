/* The way of one stretch through the tree: down to choose, up to lend; up again to charge. */
#include <assert.h>
#include <stddef.h>

#include "fair.h"
#include "limits.h"
#include "tree.h"

static bool exhausted(const struct runnable *runnable)
{
    return runnable->left <= 0;
}

bool runnable_queued(const struct runnable *runnable)
{
    return runnable->contender.queue != CONTENDER_NOT_QUEUED;
}

enum runnable_state runnable_wake(struct runnable *runnable, uint64_t now)
{
    if (runnable_queued(runnable) || runnable->contender.running)
        return RUNNABLE_MAY_RUN;
    if (exhausted(runnable))
        return RUNNABLE_EXHAUSTED;
    fair_queue(&runnable->contender, now);
    meter_settle(runnable->contender.parent, now);
    return RUNNABLE_MAY_RUN;
}

void runnable_cancel(struct runnable *runnable, uint64_t now)
{
    if (!runnable_queued(runnable))
        return;
    fair_dequeue(&runnable->contender);
    meter_settle(runnable->contender.parent, now);
}

bool runnable_is_off(const struct runnable *runnable)
{
    for (const struct meter *meter = runnable->contender.parent; meter; meter = meter->contender.parent)
        if (!meter_is_on(meter))
            return true;
    return false;
}

void runnable_refill(struct runnable *runnable, int64_t ticks)
{
    assert(ticks >= 0);
    if (runnable->left == METER_UNLIMITED)
        return;
    int64_t room = METER_UNLIMITED - 1 - (runnable->left > 0 ? runnable->left : 0);
    runnable->left += ticks < room ? ticks : room;
}

int64_t runnable_left(const struct runnable *runnable)
{
    return runnable->left > 0 ? runnable->left : 0;
}

/* What all of its path can lend, reserved there. */
static uint64_t lend(const struct runnable *runnable, uint64_t now, uint64_t slice)
{
    struct meter *meter = runnable->contender.parent;
    assert(meter);
    uint32_t workers = meter->root->workers;
    int64_t within = slice < METER_UNLIMITED ? (int64_t)slice : METER_UNLIMITED;
    int64_t credit = runnable->left;
    for (; meter; meter = meter->contender.parent) {
        if (!meter->has_total && !meter->has_rate)
            continue;
        limits_collect(meter, now);
        int64_t offer = limits_offer(meter, workers, within);
        if (offer < credit)
            credit = offer;
    }
    if (credit == METER_UNLIMITED)
        return METER_CREDIT_UNLIMITED;
    for (meter = runnable->contender.parent; meter; meter = meter->contender.parent)
        meter->lent += credit;
    return (uint64_t)credit;
}

static void take(struct runnable *runnable, uint64_t now, uint64_t slice)
{
    runnable->credit = lend(runnable, now, slice);
    runnable->started = now;
    bool queued = false;
    for (struct contender *contender = &runnable->contender; contender->parent;) {
        fair_start(contender, now, queued);
        struct meter *group = contender->parent;
        if (group->has_rate)
            limits_schedule(group);
        queued = meter_ready(group) && !limits_block(group);
        contender = &group->contender;
    }
}

struct runnable *meters_pick(struct meter *root, uint64_t now, uint64_t *credit, uint64_t *slice)
{
    if (root->events.count)
        meters_advance(root, now);
    if (!meters_anyone_waits(root))
        return NULL;
    struct meter *group = root;
    struct contender *chosen;
    *slice = root->slice;
    while ((chosen = fair_choose(group, now))->is_meter) {
        group = meter_of(chosen);
        if (group->slice < *slice)
            *slice = group->slice;
    }
    struct runnable *runnable = (struct runnable *)(void *)chosen;
    take(runnable, now, *slice);
    *credit = runnable->credit;
    return runnable;
}

enum runnable_state meters_stop(struct runnable *runnable, uint64_t now, uint64_t used, bool ready)
{
    assert(runnable->contender.running);
    int64_t credit = runnable->credit == METER_CREDIT_UNLIMITED ? 0 : (int64_t)runnable->credit;
    runnable->used += used;
    if (runnable->left != METER_UNLIMITED)
        runnable->left -= (int64_t)used;

    bool queued = ready && !exhausted(runnable);
    for (struct contender *contender = &runnable->contender; contender->parent;) {
        struct meter *group = contender->parent;
        fair_stop(contender, runnable->started, used, queued);
        group->used += used;
        group->lent -= credit;
        if (group->has_total || group->has_rate) {
            limits_collect(group, now);
            limits_charge(group, runnable->started, now, used);
            limits_schedule(group);
        }
        queued = meter_ready(group) > 0;
        if (queued && limits_block(group)) {
            queued = false;
            if (meter_is_dry(group))
                meter_announce(group);
        }
        contender = &group->contender;
    }
    return exhausted(runnable) ? RUNNABLE_EXHAUSTED : RUNNABLE_MAY_RUN;
}

enum runnable_state runnable_charge(struct runnable *runnable, uint64_t now, uint64_t used)
{
    assert(!runnable->contender.running && !runnable_queued(runnable));
    runnable->used += used;
    if (runnable->left != METER_UNLIMITED)
        runnable->left -= (int64_t)used;
    runnable->contender.eligible += (virtual_time)used * runnable->contender.ticks_to_virtual;
    for (struct meter *group = runnable->contender.parent; group; group = group->contender.parent) {
        group->used += used;
        if (group->has_total || group->has_rate) {
            limits_collect(group, now);
            limits_charge(group, now - used, now, used);
            limits_schedule(group);
        }
    }
    for (struct meter *group = runnable->contender.parent; group; group = group->contender.parent)
        meter_settle(group, now); /* any of them may have run out */
    return exhausted(runnable) ? RUNNABLE_EXHAUSTED : RUNNABLE_MAY_RUN;
}

bool meters_begin(struct runnable *runnable, uint64_t now, uint64_t *credit, uint64_t *slice)
{
    assert(runnable_queued(runnable));
    *slice = UINT64_MAX;
    for (const struct meter *meter = runnable->contender.parent; meter; meter = meter->contender.parent) {
        if (limits_block(meter))
            return false;
        if (meter->slice < *slice)
            *slice = meter->slice;
    }
    take(runnable, now, *slice);
    *credit = runnable->credit;
    return true;
}

bool meters_extend(struct runnable *runnable, uint64_t now, uint64_t used, uint64_t *credit, uint64_t *slice)
{
    meters_stop(runnable, now, used, true);
    return runnable_queued(runnable) && meters_begin(runnable, now, credit, slice);
}

bool meters_anyone_waits(const struct meter *root)
{
    return meter_ready(root) && !limits_block(root);
}

uint64_t meters_next_event(const struct meter *root)
{
    return root->events.count ? (uint64_t)root->events.items[0].key : METER_EVENT_NEVER;
}

void meters_advance(struct meter *root, uint64_t now)
{
    while (root->events.count && root->events.items[0].key <= now)
        meter_settle(root->events.items[0].owner, now); /* which takes it out, or has it wait for its next return */
}
