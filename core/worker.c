#define _GNU_SOURCE
#include "worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "awake.h"
#include "clock.h"
#include "ipc/transfer.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "thread.h"
#include "turn.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* For the personality, which runs on the worker's stack; for the frames of the handlers themselves, on top of what the
 * kernel saves. */
enum { HOST_STACK = 512 * 1024, HANDLER_STACK = 64 * 1024, HANDLER_LEAST = 8 * 1024, GUARD = 4096 };

static _Thread_local struct worker *current;

struct worker *worker_current(void)
{
    return current;
}

void worker_set_current(struct worker *worker)
{
    current = worker;
}

/* Other code in this process may put one of its own in the place of ours: that will do if it is large enough. */
bool worker_have_signal_stack(const struct worker *worker)
{
    stack_t stack = {.ss_flags = SS_DISABLE};
    size_t wanted = getauxval(AT_MINSIGSTKSZ) + HANDLER_LEAST;
    if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE) && stack.ss_size >= wanted)
        return true;
    stack_t ours = {.ss_sp = (char *)worker->signal_stack + GUARD, .ss_size = worker->signal_stack_size - GUARD};
    return sigaltstack(&ours, NULL) == 0;
}

/* An alternate stack above a guard page. Handlers block all signals, so one frame is the deepest nesting. */
bool worker_create_signal_stack(struct worker *worker)
{
    size_t least = getauxval(AT_MINSIGSTKSZ);
    size_t size = (least + HANDLER_STACK + GUARD - 1) / GUARD * GUARD;
    char *start = mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return false;
    stack_t stack = {.ss_sp = start + GUARD, .ss_size = size};
    worker->signal_stack = start;
    worker->signal_stack_size = GUARD + size;
    return mprotect(start, GUARD, PROT_NONE) == 0 && sigaltstack(&stack, NULL) == 0;
}

void worker_destroy_signal_stack(struct worker *worker)
{
    stack_t stack;
    if (!worker->signal_stack)
        return;
    if (sigaltstack(NULL, &stack) == 0 && stack.ss_sp == (char *)worker->signal_stack + GUARD)
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(worker->signal_stack, worker->signal_stack_size);
}

static uint64_t signal_bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

static void block_foreign_signals(void)
{
    uint64_t blocked = ~UINT64_C(0);
    const int admitted[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, signals_interrupt()};
    for (size_t i = 0; i < sizeof admitted / sizeof *admitted; i++)
        blocked &= ~signal_bit(admitted[i]);
    int change_ids = signals_change_ids();
    if (change_ids)
        blocked &= ~signal_bit(change_ids);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked);
}

static void block_all_signals(void)
{
    uint64_t blocked = ~UINT64_C(0);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked);
}

/* --- CPU time -------------------------------------------------------------------------------------------------------- */

/* Its own, and that of the cells that had its turns. */
static uint64_t cpu_ns(const struct worker *worker)
{
    return thread_cpu_ns() + worker->cells_cpu_ns;
}

static void check_clocks(struct worker *worker, uint64_t now)
{
    worker->checked_ticks = now;
    worker->checked_cpu_ns = cpu_ns(worker);
}

uint64_t worker_used(struct worker *worker, uint64_t now)
{
    uint64_t used = worker_charged(worker, now);
    if (now - worker->dispatched < worker->scheduler->checked_turn || worker->visits)
        return used;
    uint64_t since = now - worker->checked_ticks, cpu_before = worker->checked_cpu_ns;
    check_clocks(worker, now);
    uint64_t ran = ns_to_ticks(worker->checked_cpu_ns - cpu_before), lost = since > ran ? since - ran : 0;
    return used > lost ? used - lost : 0;
}

/* --- who may have a turn --------------------------------------------------------------------------------------------- */

void worker_joins_turns(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    worker->next_candidate = scheduler->candidates;
    worker->candidate_link = &scheduler->candidates;
    if (worker->next_candidate)
        worker->next_candidate->candidate_link = &worker->next_candidate;
    scheduler->candidates = worker;
}

void worker_leaves_turns(struct worker *worker)
{
    *worker->candidate_link = worker->next_candidate;
    if (worker->next_candidate)
        worker->next_candidate->candidate_link = worker->candidate_link;
}

/* --- the thread ------------------------------------------------------------------------------------------------------ */

/* Nobody's time goes by while a worker waits. */
void worker_wait(struct worker *worker)
{
    pthread_mutex_unlock(&worker->scheduler->lock);
    parking_sleep(&worker->parking);
    pthread_mutex_lock(&worker->scheduler->lock);
    parking_forget_calls(&worker->parking);
    check_clocks(worker, ticks_now());
}

/* How long the host took to wake it is nobody's time; what falling asleep and waking cost is owed by the process that it
 * was woken for. */
static void fall_asleep(struct worker *worker)
{
    uint64_t cpu_before = cpu_ns(worker);
    while (!worker->assigned && !worker->scheduler->closing)
        worker_wait(worker);
    if (worker->assigned)
        worker->assigned->owed += ns_to_ticks(worker->checked_cpu_ns - cpu_before);
}

/* Whoever assigns something to an idle worker has taken it off the list. */
static void wait_idle(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    worker->next_idle = scheduler->idle;
    scheduler->idle = worker;
    scheduler->idle_count++;
    parking_forget_calls(&worker->parking);
    worker_leaves_turns(worker);
    if (worker->awaits_host)
        awake_for_host(worker);
    if (!worker->assigned && !scheduler->closing)
        fall_asleep(worker);
    worker_joins_turns(worker);
    worker->turn_ended = worker->dispatched = ticks_now();
}

/* After many calls that waited at once there are more threads than turns will ever need. */
static bool is_superfluous(const struct worker *worker)
{
    const struct scheduler *scheduler = worker->scheduler;
    return scheduler->idle_count >= scheduler->turns + SPARE_THREADS;
}

/* True if the scheduler has forgotten the worker, which ends for itself. */
static bool work(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    bool superfluous = false;
    pthread_mutex_lock(&scheduler->lock);
    worker->turn_ended = worker->dispatched = ticks_now(); /* coming to life is not the process's time either */
    check_clocks(worker, worker->turn_ended);
    worker_joins_turns(worker);
    while (!scheduler->closing && !superfluous) {
        if (ipc_is_unsettled(scheduler))
            ipc_settle(scheduler);
        if (!worker->assigned)
            schedule_at(scheduler, worker, worker->turn_ended);
        turns_run(worker);
        superfluous = is_superfluous(worker);
        if (!superfluous)
            wait_idle(worker);
    }
    worker_leaves_turns(worker);
    if (superfluous)
        worker_forget(worker);
    pthread_mutex_unlock(&scheduler->lock);
    return superfluous;
}

void worker_forget(struct worker *worker)
{
    struct worker **link = &worker->scheduler->workers;
    while (*link != worker)
        link = &(*link)->next;
    *link = worker->next;
    worker->scheduler->thread_count--;
    pthread_detach(worker->thread);
}

void worker_free(struct worker *worker)
{
    free(worker->spare_message);
    free(worker->spare_parcel);
    free(worker);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    atomic_store(&worker->thread_id, (pid_t)syscall(SYS_gettid));
    current = worker;
    worker->mxcsr = _mm_getcsr();
    bool prepared = worker_create_signal_stack(worker) && timer_prepare(&worker->timer, worker->thread_id), forgotten = true;
    if (prepared) {
        block_foreign_signals();
        forgotten = work(worker);
        block_all_signals();
    } else {
        turn_refuse(worker);
    }
    timer_destroy(&worker->timer);
    worker_destroy_signal_stack(worker);
    current = NULL;
    if (forgotten)
        worker_free(worker);
    return NULL;
}

struct worker *worker_create(struct scheduler *scheduler)
{
    if (scheduler->thread_count == scheduler->thread_limit)
        return NULL;
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->scheduler = scheduler;
    worker->has_turn = true;
    if (!thread_create(&worker->thread, HOST_STACK, run, worker)) {
        worker_free(worker);
        return NULL;
    }
    worker->next = scheduler->workers;
    scheduler->workers = worker;
    scheduler->thread_count++;
    return worker;
}
