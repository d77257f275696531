#include <assert.h>

#include "fair.h"
#include "limits.h"
#include "tree.h"

#define PERIOD_LIMIT (UINT64_C(1) << 62) /* for ever, and times can still be added to it */

/* A limit has changed. */
static void apply(struct meter *meter, uint64_t now)
{
    limits_collect(meter, now);
    if (!meter->has_total || meter->left > 0) {
        meter->announced = false;
        meter_unlist(meter);
    }
    limits_schedule(meter);
    meter_settle(meter, now);
}

void meter_set_budget(struct meter *meter, int64_t ticks, uint64_t now)
{
    assert(ticks >= 0);
    meter->has_total = ticks != METER_UNLIMITED;
    meter->left = ticks;
    apply(meter, now);
}

void meter_refill(struct meter *meter, int64_t ticks, uint64_t now)
{
    assert(ticks >= 0);
    if (meter->has_total) {
        int64_t room = METER_UNLIMITED - 1 - (meter->left > 0 ? meter->left : 0);
        meter->left += ticks < room ? ticks : room;
    }
    apply(meter, now);
}

void meter_set_rate(struct meter *meter, int64_t budget_ticks, uint64_t period_ticks, uint64_t now)
{
    assert(budget_ticks >= 0);
    struct rate *rate = &meter->rate;
    meter->has_rate = period_ticks != 0;
    rate->period = period_ticks < PERIOD_LIMIT ? period_ticks : PERIOD_LIMIT;
    rate->left = budget_ticks;
    rate->count = 0;
    apply(meter, now);
}

void meter_set_weight(struct meter *meter, uint32_t weight, uint64_t now)
{
    (void)now;
    assert(weight && weight <= METER_WEIGHT_LIMIT);
    fair_reshape(meter, weight, meter->slice);
}

void meter_set_slice(struct meter *meter, uint64_t ticks)
{
    assert(ticks);
    fair_reshape(meter, meter->contender.weight, ticks);
}

void meter_set_on(struct meter *meter, bool on, uint64_t now)
{
    meter->is_on = on;
    apply(meter, now);
}
