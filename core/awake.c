#define _GNU_SOURCE
#include "awake.h"

#include <sched.h>

#include "clock.h"
#include "process.h"
#include "scheduler.h"
#include "worker.h"

static const uint64_t for_start_ns = 30000, for_begin_ns = 2000, for_end_ns = 20000;

static bool is_here(const _Atomic uint32_t *cpu_and_one)
{
    return atomic_load_explicit(cpu_and_one, memory_order_relaxed) == 1 + (uint32_t)sched_getcpu();
}

void awake_note_start(struct scheduler *scheduler)
{
    atomic_store_explicit(&scheduler->starts_on, 1 + (uint32_t)sched_getcpu(), memory_order_relaxed);
}

void awake_for_start(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    pthread_mutex_unlock(&scheduler->lock);
    uint64_t end = ticks_now() + ns_to_ticks(for_start_ns);
    while (!parking_is_called(&worker->parking) && ticks_now() < end && !is_here(&scheduler->starts_on))
        __builtin_ia32_pause();
    pthread_mutex_lock(&scheduler->lock);
}

static bool runs_elsewhere(const struct process *process, uint64_t waited)
{
    bool begun = atomic_load_explicit(&process->begun_on, memory_order_relaxed);
    return atomic_load(&process->state) == PROCESS_RUNNING && !is_here(&process->begun_on)
        && waited < ns_to_ticks(begun ? for_end_ns : for_begin_ns);
}

bool awake_for_end(const struct process *process)
{
    uint64_t start = ticks_now();
    while (runs_elsewhere(process, ticks_now() - start))
        __builtin_ia32_pause();
    return atomic_load(&process->state) == PROCESS_EXITED;
}
