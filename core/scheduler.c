/* The life of a scheduler, and of its members. */
#define _GNU_SOURCE
#include "scheduler.h"

#include <stdlib.h>

#include "clock.h"
#include "events.h"
#include "ipc/service.h"
#include "metering.h"
#include "meters/meters.h"
#include "moments.h"
#include "panic.h"
#include "process.h"
#include "slot.h"
#include "trace.h"
#include "worker.h"

static const uint64_t default_slice_ns = 1000000, checked_turn_ns = 50000;

/* --- joining and leaving --------------------------------------------------------------------------------------------- */

static int64_t budget_of(uint64_t limit_ns)
{
    uint64_t ticks = ns_to_ticks(limit_ns);
    return ticks > INT64_MAX ? METER_UNLIMITED : (int64_t)ticks;
}

bool scheduler_admit(struct scheduler *scheduler, struct process *process, struct meter *meter, uint64_t cpu_limit_ns)
{
    static _Atomic uint64_t identities;
    pthread_mutex_lock(&scheduler->lock);
    bool sleeps = !scheduler->closing && timeouts_reserve(&scheduler->timeouts);
    bool ends = sleeps && timeouts_reserve(&scheduler->timeouts);
    bool admitted = ends && runnable_attach(&process->runnable, meter, budget_of(cpu_limit_ns));
    if (admitted) {
        scheduler_retain(scheduler);
        scheduler->process_count++;
        process->scheduler = scheduler;
        process->identity = 1 + atomic_fetch_add(&identities, 1);
        process->sleep.kind = MOMENT_SLEEP_ENDS;
        process->wall.kind = MOMENT_WALL_LIMIT;
        deep_sleep_join(process);
        trace_event(scheduler, TRACE_SPAWNED, process->identity, 0, 0);
    } else {
        for (int i = 0; i < sleeps + ends; i++)
            timeouts_unreserve(&scheduler->timeouts);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return admitted;
}

void scheduler_dismiss(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    while (process->holders)
        pthread_cond_wait(&scheduler->released, &scheduler->lock);
    service_forget_process(process);
    runnable_detach(&process->runnable, ticks_now());
    deep_sleep_leave(process);
    timeouts_unreserve(&scheduler->timeouts);
    timeouts_unreserve(&scheduler->timeouts);
    scheduler->process_count--;
    pthread_mutex_unlock(&scheduler->lock);
}

/* --- beginning and end ---------------------------------------------------------------------------------------------- */

struct scheduler *scheduler_create(uint32_t workers, uint32_t threads, uint64_t deep_sleep_ns)
{
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return NULL;
    clock_ready();
    scheduler->root = meter_create(NULL);
    if (!scheduler->root) {
        free(scheduler);
        return NULL;
    }
    metering_identify(scheduler->root);
    meter_set_slice(scheduler->root, ns_to_ticks(default_slice_ns));
    meters_set_workers(scheduler->root, workers);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutexattr_t adaptive;
    pthread_mutexattr_init(&adaptive);
    pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP); /* it is held for less time than a sleep takes */
    pthread_mutex_init(&scheduler->lock, &adaptive);
    pthread_mutexattr_destroy(&adaptive);
    pthread_cond_init(&scheduler->event_posted, &monotonic);
    pthread_cond_init(&scheduler->released, NULL);
    pthread_condattr_destroy(&monotonic);
    atomic_init(&scheduler->references, 1);
    scheduler->fork_generation = slot_fork_generation();
    scheduler->turns = scheduler->free_turns = workers;
    scheduler->thread_limit = threads;
    scheduler->checked_turn = ns_to_ticks(checked_turn_ns);
    slices_prepare(&scheduler->slices);
    offer_prepare(&scheduler->offer);
    sources_begin(&scheduler->sources, scheduler);
    deep_sleep_prepare(&scheduler->deep_sleep, deep_sleep_ns);
    scheduler->last_event = &scheduler->first_event;
    scheduler->clock_sleeps_until = scheduler->retry_at = UINT64_MAX;
    return scheduler;
}

/* In a forked child there is nobody to end or to wait for. */
bool scheduler_close(struct scheduler *scheduler)
{
    if (!scheduler_is_here(scheduler))
        return true;
    pthread_mutex_lock(&scheduler->lock);
    bool mine = !scheduler->closing, possible = scheduler->process_count == 0;
    if (mine && possible) {
        scheduler->closing = true;
        for (struct worker *worker = scheduler->workers; worker; worker = worker->next)
            scheduler_call(worker);
        moments_stop(scheduler);
        slices_stop(&scheduler->slices);
        events_close(scheduler);
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (!mine || !possible)
        return possible;
    moments_join(scheduler);
    slices_join(&scheduler->slices);
    while (scheduler->workers) {
        struct worker *worker = scheduler->workers;
        pthread_join(worker->thread, NULL);
        scheduler->workers = worker->next;
        worker_free(worker);
    }
    return true;
}

bool scheduler_is_here(const struct scheduler *scheduler)
{
    return scheduler->fork_generation == slot_fork_generation();
}

void scheduler_retain(struct scheduler *scheduler)
{
    atomic_fetch_add(&scheduler->references, 1);
}

void scheduler_release(struct scheduler *scheduler)
{
    if (atomic_fetch_sub(&scheduler->references, 1) != 1)
        return;
    bool closed = scheduler_close(scheduler);
    require(closed, "a scheduler was forgotten with processes that are not closed");
    timeouts_destroy(&scheduler->timeouts);
    if (scheduler_is_here(scheduler)) {
        meter_release(scheduler->root);
        pthread_cond_destroy(&scheduler->event_posted);
        pthread_cond_destroy(&scheduler->released);
        deep_sleep_destroy(&scheduler->deep_sleep);
        pthread_mutex_destroy(&scheduler->lock);
    }
    free(scheduler);
}
