#include "meters.h"

#include <assert.h>
#include <stdlib.h>

#include "fair.h"
#include "group_clock.h"
#include "tree.h"

#define FIRST_SLICE 1000000 /* ticks: a third of a millisecond or so, until a root is told better */

struct meter *meter_create(struct meter *parent)
{
    if (parent && parent->depth == METER_DEPTH_LIMIT)
        return NULL;
    struct meter *meter = calloc(1, sizeof *meter);
    if (!meter)
        return NULL;
    struct meter *root = parent ? parent->root : meter;
    if (!heap_reserve(&root->events, root->meters + 1) ||
        (parent && (!heap_reserve(&parent->waiting, parent->members + 1) ||
                    !heap_reserve(&parent->eligible, parent->members + 1)))) {
        heap_release(&meter->events);
        free(meter);
        return NULL;
    }

    root->meters++;
    meter->root = root;
    meter->workers = 1;
    meter->references = 1;
    meter->is_on = true;
    meter->left = METER_UNLIMITED;
    meter->virtual_now = CLOCK_START;
    meter->contender.is_meter = true;
    if (parent) {
        meter_retain(parent);
        parent->members++;
        meter->contender.parent = parent;
        meter->depth = parent->depth + 1;
    }
    fair_reshape(meter, METER_WEIGHT, parent ? parent->slice : FIRST_SLICE);
    return meter;
}

void meter_retain(struct meter *meter)
{
    meter->references++;
}

void meter_release(struct meter *meter)
{
    while (meter && !--meter->references) {
        /* Whoever is attached below holds a reference: nobody is queued or running here. */
        struct meter *parent = meter->contender.parent;
        if (meter->rate.has_event)
            heap_remove(&meter->root->events, meter->rate.event);
        meter_unlist(meter);
        meter->root->meters--;
        if (parent)
            parent->members--;
        heap_release(&meter->waiting);
        heap_release(&meter->eligible);
        heap_release(&meter->events);
        free(meter);
        meter = parent;
    }
}

void meters_set_workers(struct meter *root, uint32_t workers)
{
    assert(!root->contender.parent && !root->under_way && workers);
    root->workers = workers;
}

bool runnable_attach(struct runnable *runnable, struct meter *meter, int64_t budget_ticks)
{
    if (!heap_reserve(&meter->waiting, meter->members + 1) || !heap_reserve(&meter->eligible, meter->members + 1))
        return false;
    meter_retain(meter);
    meter->members++;
    *runnable = (struct runnable){
        .contender = {.parent = meter, .weight = METER_WEIGHT, .ticks_to_virtual = clock_inverse(METER_WEIGHT)},
        .left = budget_ticks,
    };
    return true;
}

void runnable_detach(struct runnable *runnable, uint64_t now)
{
    struct meter *meter = runnable->contender.parent;
    assert(!runnable->contender.running);
    runnable_cancel(runnable, now);
    runnable->contender.parent = NULL;
    meter->members--;
    meter_release(meter);
}

uint64_t meter_used(const struct meter *meter)
{
    return meter->used;
}

static int64_t shown(int64_t left)
{
    return left > 0 ? left : 0;
}

int64_t meter_left(const struct meter *meter)
{
    return meter->has_total ? shown(meter->left - meter->lent) : METER_UNLIMITED;
}

int64_t meter_rate_left(const struct meter *meter)
{
    return meter->has_rate ? shown(meter->rate.left - meter->lent) : METER_UNLIMITED;
}

bool meter_is_dry(const struct meter *meter)
{
    return meter->has_total && meter->left <= 0 && !meter->lent;
}

bool meter_is_on(const struct meter *meter)
{
    return meter->is_on;
}

uint32_t meter_weight(const struct meter *meter)
{
    return meter->contender.weight;
}

uint64_t meter_slice(const struct meter *meter)
{
    return meter->slice;
}

struct meter *meter_parent(const struct meter *meter)
{
    return meter->contender.parent;
}

void meter_set_identity(struct meter *meter, uint64_t identity)
{
    meter->identity = identity;
}

uint64_t meter_identity(const struct meter *meter)
{
    return meter->identity;
}

void meter_set_has_keeper(struct meter *meter, bool has_keeper)
{
    meter->has_keeper = has_keeper;
}

bool meter_has_keeper(const struct meter *meter)
{
    return meter->has_keeper;
}
