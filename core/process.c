#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bank.h"
#include "code_region.h"
#include "context.h"
#include "personality.h"
#include "scheduler.h"
#include "signals.h"
#include "slot.h"
#include "switch.h"
#include "worker.h"

_Static_assert(offsetof(struct process, stop_flag) == PROCESS_STOP_FLAG, "context_offsets.h");

/* --- stopping ---------------------------------------------------------------------------------------------------- */

bool process_stop(struct process *process, enum motte_stop reason, int32_t value)
{
    /* R6 */
    uint64_t none = 0, request = (uint64_t)reason << 32 | (uint32_t)value;
    bool first = atomic_compare_exchange_strong(&process->stop_request, &none, request);
    atomic_store(&process->stop_flag, 1);
    return first;
}

bool process_stop_requested(const struct process *process)
{
    return atomic_load(&process->stop_flag) != 0;
}

int64_t interruptible_syscall(struct process *process, long number, long a, long b, long c, long d, long e, long f)
{
    const long arguments[6] = {a, b, c, d, e, f};
    return checked_syscall(number, arguments, &process->stop_flag);
}

/* Under lock. */
static void announce_stopped(struct process *process)
{
    atomic_store(&process->state, PROCESS_STOPPED);
    syscall(SYS_futex, &process->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* R4: the worker exists while process->worker says so, and it takes the lock to change that. */
void process_kill(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    process_stop(process, MOTTE_STOP_KILLED, 0);
    if (process->worker)
        syscall(SYS_tgkill, getpid(), process->worker->thread_id, signals_interrupt());
    if (atomic_load(&process->state) == PROCESS_CREATED)
        announce_stopped(process);
    pthread_mutex_unlock(&process->lock);
}

void process_stopped(struct process *process, uint64_t cpu_ns, uint64_t wall_ns)
{
    pthread_mutex_lock(&process->lock);
    process->worker = NULL;
    process->cpu_ns = cpu_ns;
    process->wall_ns = wall_ns;
    announce_stopped(process);
    pthread_mutex_unlock(&process->lock);
}

/* --- starting and waiting ---------------------------------------------------------------------------------------- */

int process_start(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    int result = -EBUSY;
    if (!signals_install()) {
        result = -EAGAIN;
    } else if (atomic_load(&process->state) == PROCESS_CREATED && !process->closed) {
        atomic_store(&process->state, PROCESS_RUNNING);
        result = scheduler_start(process);
        if (result < 0)
            atomic_store(&process->state, PROCESS_CREATED);
    }
    pthread_mutex_unlock(&process->lock);
    return result;
}

struct deadline deadline_after(uint64_t timeout_ns)
{
    enum { SECOND_NS = 1000000000 };
    struct deadline deadline = {.exists = timeout_ns != UINT64_MAX};
    if (!deadline.exists)
        return deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline.at);
    uint64_t nanoseconds = (uint64_t)deadline.at.tv_nsec + timeout_ns % SECOND_NS;
    deadline.at.tv_sec += (time_t)(timeout_ns / SECOND_NS + nanoseconds / SECOND_NS);
    deadline.at.tv_nsec = (long)(nanoseconds % SECOND_NS);
    return deadline;
}

int process_wait(struct process *process, struct deadline deadline)
{
    const struct timespec *end = deadline.exists ? &deadline.at : NULL;
    for (;;) {
        uint32_t state = atomic_load(&process->state);
        if (state == PROCESS_STOPPED)
            return 1;
        long result = syscall(SYS_futex, &process->state, FUTEX_WAIT_BITSET_PRIVATE, state, end, NULL,
                              FUTEX_BITSET_MATCH_ANY);
        if (result < 0 && errno == ETIMEDOUT)
            return atomic_load(&process->state) == PROCESS_STOPPED;
        if (result < 0 && errno == EINTR)
            return -EINTR;
    }
}

void process_times(struct process *process, uint64_t *cpu_ns, uint64_t *wall_ns)
{
    pthread_mutex_lock(&process->lock);
    *cpu_ns = process->cpu_ns;
    *wall_ns = process->wall_ns;
    if (process->worker) {
        *cpu_ns = nanoseconds_since(process->worker->cpu_clock, process->worker->started_cpu);
        *wall_ns = nanoseconds_since(CLOCK_MONOTONIC, process->worker->started_wall);
    }
    pthread_mutex_unlock(&process->lock);
}

/* --- charges ----------------------------------------------------------------------------------------------------- */

bool process_charge(struct process *process, uint64_t pages)
{
    if (!bank_charge(process->bank, pages, NULL))
        return false;
    uint64_t now = atomic_fetch_add(&process->pages, pages) + pages;
    if (now > atomic_load(&process->peak_pages))
        atomic_store(&process->peak_pages, now); /* only the process's own thread charges */
    return true;
}

void process_refund(struct process *process, uint64_t pages)
{
    atomic_fetch_sub(&process->pages, pages);
    bank_refund(process->bank, pages);
}

bool process_charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages)
{
    uintptr_t base = process->slot->base;
    uint64_t tables = page_tables_missing(&process->page_tables, low - base, high - base);
    if (!process_charge(process, pages + tables))
        return false;
    page_tables_add(&process->page_tables, low - base, high - base);
    return true;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

bool process_is_here(const struct process *process)
{
    return process->fork_generation == slot_fork_generation();
}

void process_retain(struct process *process)
{
    atomic_fetch_add(&process->references, 1);
}

void process_release(struct process *process)
{
    if (atomic_fetch_sub(&process->references, 1) != 1)
        return;
    pthread_mutex_destroy(&process->lock);
    free(process);
}
