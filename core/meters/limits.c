#include "limits.h"

#define PARTS 4 /* of a stretch, which come back apart from each other */

static int64_t part(int64_t available, uint32_t workers, int64_t slice)
{
    if (workers == 1)
        return available;
    int64_t share = available / workers;
    int64_t least = available < slice ? available : slice;
    return share > least ? share : least;
}

int64_t limits_offer(const struct meter *meter, uint32_t workers, int64_t slice)
{
    int64_t offer = METER_UNLIMITED;
    if (meter->has_total)
        offer = part(meter->left - meter->lent, workers, slice);
    if (meter->has_rate) {
        int64_t offer_of_rate = part(meter->rate.left - meter->lent, workers, slice);
        if (offer_of_rate < offer)
            offer = offer_of_rate;
    }
    return offer;
}

static void promise(struct rate *rate, uint64_t time, int64_t ticks, int64_t debt)
{
    struct rate_return *newest = &rate->returns[(rate->oldest + rate->count - 1) % RETURNS];
    if (rate->count && time < newest->time)
        time = newest->time;
    if (rate->count == RETURNS || (rate->count && time - newest->first < rate->period / RETURNS)) {
        newest->time = time;
        newest->ticks += ticks;
        newest->debt += debt;
        return;
    }
    rate->returns[(rate->oldest + rate->count++) % RETURNS] = (struct rate_return){time, time, ticks, debt};
}

/* Each part at its own end; the first began at `time`.  The debt is paid from the first. */
static void promise_in_parts(struct rate *rate, uint64_t time, int64_t ticks, int64_t debt)
{
    int64_t done = 0;
    for (int64_t i = 1; i <= PARTS; i++) {
        int64_t end = i == PARTS ? ticks : ticks / PARTS * i;
        int64_t part = end - done, paid = debt < part ? debt : part;
        if (part)
            promise(rate, time + (uint64_t)end, part, paid);
        done = end;
        debt -= paid;
    }
}

static void charge_rate(struct rate *rate, uint64_t started, uint64_t now, int64_t ticks, bool alone)
{
    rate->left -= ticks;
    int64_t debt = rate->left < 0 ? -rate->left : 0;
    if (debt > ticks)
        debt = ticks;
    if (alone)
        promise(rate, started + rate->period, ticks, debt);
    else
        promise_in_parts(rate, now - (uint64_t)ticks + rate->period, ticks, debt);
}

void limits_charge(struct meter *meter, uint64_t started, uint64_t now, uint64_t used)
{
    if (meter->has_total)
        meter->left -= (int64_t)used;
    if (meter->has_rate && used)
        charge_rate(&meter->rate, started, now, (int64_t)used, meter->root->workers == 1);
}

void limits_collect(struct meter *meter, uint64_t now)
{
    struct rate *rate = &meter->rate;
    while (rate->count && rate->returns[rate->oldest].time <= now) {
        struct rate_return due = rate->returns[rate->oldest];
        rate->oldest = (rate->oldest + 1) % RETURNS;
        rate->count--;
        rate->left += due.ticks - due.debt;
        if (due.debt)
            promise(rate, due.time + rate->period, due.debt, 0);
    }
}

void limits_schedule(struct meter *meter)
{
    struct rate *rate = &meter->rate;
    struct heap *events = &meter->root->events;
    if (!limits_rate_is_out(meter) || !rate->count || !meter_ready(meter)) {
        if (rate->has_event)
            heap_remove(events, rate->event);
        rate->has_event = false;
        return;
    }
    uint64_t time = rate->returns[rate->oldest].time;
    if (rate->has_event)
        heap_change(events, rate->event, time);
    else
        heap_insert(events, time, meter, &rate->event);
    rate->has_event = true;
}
