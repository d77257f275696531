#define _GNU_SOURCE
#include "awake.h"

#include <sched.h>

#include "clock.h"
#include "ipc/endpoint.h"
#include "ipc/process_ipc.h"
#include "meters/meters.h"
#include "process.h"
#include "scheduler.h"
#include "worker.h"

static const uint64_t for_host_ns = 30000, for_begin_ns = 2000, for_end_ns = 20000, for_guest_ns = 30000, for_answer_ns = 40000;

static uint32_t here(void)
{
    return 1 + (uint32_t)sched_getcpu();
}

static uint32_t seen(const _Atomic uint32_t *cpu_and_one)
{
    return atomic_load_explicit(cpu_and_one, memory_order_relaxed);
}

static void note(_Atomic uint32_t *cpu_and_one)
{
    uint32_t now = here();
    if (seen(cpu_and_one) != now)
        atomic_store_explicit(cpu_and_one, now, memory_order_relaxed);
}

void awake_note_start(struct scheduler *scheduler)
{
    note(&scheduler->starts_on);
}

void awake_note_guest(struct scheduler *scheduler)
{
    note(&scheduler->guests_on);
}

/* Without the lock. */
static void look_for_call(const struct parking *parking, const _Atomic uint32_t *other, uint64_t for_ns)
{
    uint64_t end = ticks_now() + ns_to_ticks(for_ns);
    while (!parking_is_called(parking) && ticks_now() < end && seen(other) != here())
        __builtin_ia32_pause();
}

void awake_for_host(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    pthread_mutex_unlock(&scheduler->lock);
    look_for_call(&worker->parking, &scheduler->starts_on, for_host_ns);
    pthread_mutex_lock(&scheduler->lock);
}

void awake_for_guest(struct scheduler *scheduler, const struct parking *parking)
{
    note(&scheduler->host_on);
    if (seen(&scheduler->guests_on))
        look_for_call(parking, &scheduler->guests_on, for_guest_ns);
}

static bool runs_elsewhere(const struct process *process, uint64_t waited)
{
    bool begun = seen(&process->begun_on);
    return atomic_load(&process->state) == PROCESS_RUNNING && seen(&process->begun_on) != here()
        && waited < ns_to_ticks(begun ? for_end_ns : for_begin_ns);
}

bool awake_for_end(const struct process *process)
{
    uint64_t start = ticks_now();
    while (runs_elsewhere(process, ticks_now() - start))
        __builtin_ia32_pause();
    return atomic_load(&process->state) == PROCESS_EXITED;
}

/* What others have spent on it is charged when its turn is over. */
static bool owes_more_than_it_has(const struct process *process)
{
    return process->worker->surcharge + process->owed >= process->worker->credit;
}

bool awake_may_wait(const struct process *process, const struct endpoint *endpoint)
{
    const struct worker *worker = process->worker;
    return endpoint->host_receives && endpoint->queued <= 1 && worker->payer == process && !worker->unmetered && !worker->visits
        && !owes_more_than_it_has(process) && !meters_anyone_waits(process->scheduler->root)
        && seen(&process->scheduler->host_on) != here();
}

void awake_for_answer(const struct process *process)
{
    const struct process_ipc *ipc = process->ipc;
    uint64_t now = ticks_now(), end = now + ns_to_ticks(for_answer_ns);
    if (ipc->deadline < end)
        end = ipc->deadline;
    for (; now < end; now = ticks_now()) {
        if (atomic_load_explicit(&ipc->over, memory_order_acquire)
            || atomic_load_explicit(&process->attention, memory_order_relaxed) || seen(&process->scheduler->host_on) == here())
            return;
        __builtin_ia32_pause();
    }
}
