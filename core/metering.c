#include "metering.h"

#include "clock.h"
#include "meters/meters.h"
#include "moments.h"
#include "process.h"
#include "scheduler.h"
#include "worker.h"

static int64_t limit_from_ns(uint64_t ns)
{
    uint64_t ticks = ns_to_ticks(ns);
    return ticks >= INT64_MAX ? METER_UNLIMITED : (int64_t)ticks;
}

static bool is_below(const struct meter *meter, const struct meter *ancestor)
{
    while (meter && meter != ancestor)
        meter = meter_parent(meter);
    return meter != NULL;
}

/* Whoever runs below the meter was lent ticks under conditions that do not hold any more.  A turn that was given to a
 * worker which has not begun it yet, and so could not be interrupted, gets none. */
static void interrupt_below(struct scheduler *scheduler, const struct meter *meter)
{
    for (struct worker *worker = scheduler->candidates; worker; worker = worker->next_candidate) {
        struct process *process = atomic_load(&worker->process);
        if (process && is_below(worker->payer->runnable.contender.parent, meter)) {
            process_set_attention(process, true);
            scheduler_interrupt(worker);
        }
    }
    for (struct worker *worker = scheduler->workers; worker; worker = worker->next)
        if (worker->assigned && is_below(worker->assigned->runnable.contender.parent, meter))
            worker->credit = 0;
}

void metering_identify(struct meter *meter)
{
    static _Atomic uint64_t last_identity;
    meter_set_identity(meter, atomic_fetch_add(&last_identity, 1) + 1);
}

struct meter *metering_create(struct scheduler *scheduler, struct meter *parent)
{
    pthread_mutex_lock(&scheduler->lock);
    struct meter *meter = meter_create(parent);
    if (meter)
        metering_identify(meter);
    pthread_mutex_unlock(&scheduler->lock);
    return meter;
}

void metering_retain(struct scheduler *scheduler, struct meter *meter)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_retain(meter);
    pthread_mutex_unlock(&scheduler->lock);
}

void metering_release(struct scheduler *scheduler, struct meter *meter)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_release(meter);
    pthread_mutex_unlock(&scheduler->lock);
}

void metering_set_budget(struct scheduler *scheduler, struct meter *meter, uint64_t ns)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_set_budget(meter, limit_from_ns(ns), ticks_now());
    interrupt_below(scheduler, meter);
    schedule(scheduler, NULL);
    pthread_mutex_unlock(&scheduler->lock);
}

void metering_refill(struct scheduler *scheduler, struct meter *meter, uint64_t ns)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_refill(meter, limit_from_ns(ns), ticks_now());
    schedule(scheduler, NULL);
    pthread_mutex_unlock(&scheduler->lock);
}

bool metering_set_rate(struct scheduler *scheduler, struct meter *meter, uint64_t budget_ns, uint64_t period_ns)
{
    pthread_mutex_lock(&scheduler->lock);
    bool possible = !period_ns || moments_prepare(scheduler);
    if (possible) {
        meter_set_rate(meter, limit_from_ns(budget_ns), ns_to_ticks(period_ns), ticks_now());
        interrupt_below(scheduler, meter);
        schedule(scheduler, NULL);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return possible;
}

void metering_set_weight(struct scheduler *scheduler, struct meter *meter, uint32_t weight)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_set_weight(meter, weight, ticks_now());
    pthread_mutex_unlock(&scheduler->lock);
}

void metering_set_slice(struct scheduler *scheduler, struct meter *meter, uint64_t ns)
{
    const uint64_t longest = UINT64_C(1) << 56; /* months; and moments are added to it */
    uint64_t ticks = ns_to_ticks(ns);
    pthread_mutex_lock(&scheduler->lock);
    meter_set_slice(meter, ticks < longest ? ticks : longest);
    pthread_mutex_unlock(&scheduler->lock);
}

void metering_set_on(struct scheduler *scheduler, struct meter *meter, bool on)
{
    pthread_mutex_lock(&scheduler->lock);
    meter_set_on(meter, on, ticks_now());
    if (!on)
        interrupt_below(scheduler, meter);
    schedule(scheduler, NULL);
    pthread_mutex_unlock(&scheduler->lock);
}

/* Ticks of the turns that are under way below the meter: they are charged when the turns end. */
static uint64_t under_way(const struct scheduler *scheduler, const struct meter *meter)
{
    uint64_t now = ticks_now(), ticks = 0;
    for (const struct worker *worker = scheduler->candidates; worker; worker = worker->next_candidate) {
        const struct process *process = atomic_load(&worker->process);
        if (process && !worker->unmetered && is_below(process->runnable.contender.parent, meter))
            ticks += worker_charged(worker, now);
    }
    return ticks;
}

struct metering_state metering_look(struct scheduler *scheduler, const struct meter *meter)
{
    pthread_mutex_lock(&scheduler->lock);
    int64_t left = meter_left(meter);
    uint64_t used = meter_used(meter) + under_way(scheduler, meter);
    struct metering_state state = {
        .used_ns = ticks_to_ns(used),
        .left_ns = left == METER_UNLIMITED ? UINT64_MAX : ticks_to_ns((uint64_t)left),
        .used_ticks = used,
        .slice_ns = ticks_to_ns(meter_slice(meter)),
        .weight = meter_weight(meter),
        .on = meter_is_on(meter),
        .dry = meter_is_dry(meter),
    };
    pthread_mutex_unlock(&scheduler->lock);
    return state;
}
