#define _GNU_SOURCE
#include "turn.h"

#include <errno.h>
#include <sched.h>

#include "cells/cell_turn.h"
#include "clock.h"
#include "context.h"
#include "events.h"
#include "faults.h"
#include "host_functions.h"
#include "ipc/process_ipc.h"
#include "ipc/transfer.h"
#include "moments.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "slices.h"
#include "slot.h"
#include "switch.h"
#include "trace.h"
#include "worker.h"

/* --- the parts of a turn, under the lock ----------------------------------------------------------------------------- */

/* When its credit ends: what it owes already is taken off, but for an eighth, so that who owes much at each turn goes on, if slowly. */
static uint64_t credit_end(const struct worker *worker)
{
    uint64_t least = worker->credit / 8;
    if (worker->credit == UINT64_MAX)
        return UINT64_MAX;
    return worker->dispatched + (worker->credit - least > worker->surcharge ? worker->credit - worker->surcharge : least);
}

/* R9.  `worker->process` comes before the timer is set, so that the handler takes care of a timer that expires from
 * here on. */
static struct process *begin(struct worker *worker, uint64_t surcharge)
{
    struct process *process = worker->assigned;
    worker->assigned = NULL;
    worker->payer = process;
    worker->heard_host = false;
    worker->surcharge = surcharge + process->owed;
    process->owed = 0;
    trace_turn(worker->scheduler, TRACE_TURN_BEGINS, process, worker, worker->dispatched, 0);
    process_set_attention(process, false);
    if (process_stop_requested(process) || process->suspended)
        process_set_attention(process, true);

    uint64_t end = credit_end(worker);
    worker->slice_thread_at = UINT64_MAX;
    if (worker->visits) {
        slices_watch(worker, worker->dispatched + worker->slice);
    } else if (worker->slice != UINT64_MAX && meters_anyone_waits(worker->scheduler->root)) {
        uint64_t slice_end = worker->dispatched + worker->slice;
        if (slice_end < end)
            end = slices_begin(worker, slice_end, end);
    } else if (worker->slice != UINT64_MAX) {
        scheduler_turn_is_long(worker);
    }
    atomic_store_explicit(&worker->process, process, memory_order_release);
    timer_end_turn_at(&worker->timer, end);
    return process;
}

/* It has ended, and nobody runs it. */
static void finish(struct process *process)
{
    process->worker = NULL;
    scheduler_announce_exit(process);
}

/* Setting the clock thread's timer is a good part of what a short sleep costs, and its turn has ended already. */
static void fall_asleep(struct worker *worker, struct process *process, uint64_t until, enum process_state state)
{
    process->sleep_until = 0;
    process_set_state(process, state);
    deep_sleep_begin_rest(process->scheduler);
    if (until != UINT64_MAX && !moments_set(process->scheduler, &process->sleep, until)) {
        process_stop(process, MOTTE_STOP_INTERNAL, 0);
        finish(process);
        return;
    }
    process->owed += ticks_now() - worker->turn_ended;
}

/* A refusal is told here, since nobody holds the lock where a bank refuses. */
static void trace_refusal(struct process *process)
{
    if (process->refused_pages)
        trace_event(process->scheduler, TRACE_LIMIT_MET, process->identity, LIMIT_BANK | process->refused_pages << 8,
                    process->refused_by);
    process->refused_pages = 0;
}

static void trace_question(const struct process *process)
{
    if (process->question.ask != ASK_BANK)
        trace_event(process->scheduler, TRACE_FAULTED, process->identity, process->place.fault,
                    (uint64_t)process->place.address);
}

/* From the function that the host has called; or one of the host's has raised an exception, and that call is over. */
static bool has_returned(const struct process *process)
{
    struct context *context = slot_context(process->slot);
    if (process->host && process->host->raised)
        context->resume = RESUME_RETURNED;
    return context->resume == RESUME_RETURNED;
}

static void go_outside(struct process *process)
{
    atomic_store(&process->state, PROCESS_OUTSIDE);
    if (process->call_depth)
        scheduler_tell_waiters(process);
    else
        event_post(process, EVENT_OUTSIDE);
}

static void end(struct worker *worker, struct process *process)
{
    bool stops = process_stop_requested(process), asks = process->question.ask != ASK_NOTHING;
    bool waits = ipc_is_waiting(process->ipc);
    bool returned = process->call_depth && has_returned(process), outside = process->host && process->host->pending;
    if (atomic_load(&process->wake) == WAKE_CAME)
        process->sleep_until = 0;
    bool ready = !stops && !asks && !process->suspended && !process->sleep_until && !waits && !returned && !outside;
    process->preemptions += ready && !process->yields;
    process->yields = false;
    process->worker = NULL;
    process->visited = false;
    process_set_state(process, PROCESS_READY);
    if (!scheduler_end_turn(worker, ready) && !stops)
        stops = process_stop(process, MOTTE_STOP_CPU_LIMIT, 0);
    worker->awaits_host = stops || worker->heard_host;
    trace_refusal(process);
    if (stops) {
        finish(process);
    } else if (returned) {
        atomic_store(&process->state, PROCESS_IDLE);
        scheduler_tell_waiters(process);
    } else if (outside) {
        go_outside(process);
    } else if (asks) {
        process->question.number++;
        process->answered = false;
        process_set_state(process, PROCESS_FAULTED);
        trace_question(process);
        event_post(process, process->question.ask == ASK_BANK ? EVENT_BANK : EVENT_FAULT);
    } else if (process->sleep_until) {
        fall_asleep(worker, process, process->sleep_until, PROCESS_WAITING);
    } else if (waits) {
        fall_asleep(worker, process, process->ipc->deadline, PROCESS_RECEIVING);
    } else if (process->suspended) {
        process_set_state(process, PROCESS_SUSPENDED);
        deep_sleep_begin_rest(process->scheduler);
    }
}

/* --- a whole turn ------------------------------------------------------------------------------------------------------- */

/* A kernel call that has not come to its end goes on. */
static void finish_call(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    if (process->question.again)
        keeping_call_again(process);
    else if (ipc && ipc->wait.kind != WAIT_NOTHING && ipc->wait.finished)
        slot_context(process->slot)->result = ipc_resume(process);
}

/* Part of turns_run, whoever else uses it: nothing may be pushed between two guests of one worker that is popped after the
 * next one has been entered (guest_run). */
#define IN_TURNS_RUN static inline __attribute__((always_inline))

/* Whom the worker entered may have lent its turn to another: who left is the one who runs. */
IN_TURNS_RUN struct process *run_guest(struct worker *worker, struct process *process)
{
    finish_call(process);
    do {
        struct context *context = slot_context(process->slot);
        context->host_mxcsr = worker->mxcsr;
        if (process->slot->cell)
            cell_run(process);
        else
            guest_run(context, slot_window(process->slot));
        process = atomic_load_explicit(&worker->process, memory_order_relaxed);
    } while (process && process->trap.pending && fault_settle(process));
    return process;
}

/* Handlers are looked after by the thread that needs them, beside the one that starts processes: it is a system call, or five.
 *
 * The first turn after deep sleep begins likewise. */
static void begin_first_turn(struct process *process)
{
    deep_sleep_end(process);
    atomic_store_explicit(&process->begun_on, 1 + (uint32_t)sched_getcpu(), memory_order_relaxed);
    if (!signals_installed_since(process->started_ns))
        process_stop(process, MOTTE_STOP_INTERNAL, 0);
}

IN_TURNS_RUN void take_turn(struct worker *worker)
{
    struct process *process = begin(worker, 0);
    pthread_mutex_unlock(&worker->scheduler->lock);
    if (!atomic_load_explicit(&process->begun_on, memory_order_relaxed))
        begin_first_turn(process);
    struct process *left = run_guest(worker, process);
    pthread_mutex_lock(&process->scheduler->lock);
    if (left) /* else it is no turn any more: see visit_host_call */
        end(worker, left);
}

#undef IN_TURNS_RUN

void turn_take(struct worker *worker)
{
    take_turn(worker);
}

void turn_begin(struct worker *worker)
{
    begin(worker, 0);
}

void turns_run(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    while (worker->assigned && !scheduler->closing) {
        take_turn(worker);
        if (ipc_is_unsettled(scheduler)) /* of a process that has ended: others may wait for what it has left */
            ipc_settle(scheduler);
        if (!worker->assigned)
            schedule_at(scheduler, worker, worker->turn_ended);
    }
}

/* Other threads take the process on when they look for work. That no more threads are asked for at once keeps this from
 * going round. */
void turn_refuse(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    worker_forget(worker);
    struct process *process = worker->assigned;
    worker->assigned = NULL;
    worker->payer = process;
    worker->dispatched = ticks_now();
    worker->surcharge = 0;
    trace_turn(scheduler, TRACE_TURN_BEGINS, process, worker, worker->dispatched, 0);
    atomic_store_explicit(&worker->process, process, memory_order_release);
    if (!scheduler->workers)
        process_stop(process, MOTTE_STOP_INTERNAL, 0);
    end(worker, process);
    scheduler_thread_refused(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

/* --- turns that stop in the middle of a gate ---------------------------------------------------------------------------- */

int64_t interruptible_syscall(struct process *process, long number, const long arguments[6])
{
    int64_t result = checked_syscall(number, arguments, &process->stop_flag);
    if (result == -EINTR && !process_stop_requested(process) && atomic_load(&process->attention))
        return waiting_syscall(process, number, arguments);
    return result;
}

/* The gate goes on without a turn of its own, for there is nothing left to do but to end. */
static void begin_free_of_charge(struct worker *worker, struct process *process)
{
    worker->assigned = process;
    worker->credit = UINT64_MAX;
    worker->slice = UINT64_MAX;
    worker->unmetered = true;
    process_set_state(process, PROCESS_RUNNING);
    begin(worker, 0);
}

int64_t waiting_syscall(struct process *process, long number, const long arguments[6])
{
    struct worker *worker = worker_current();
    struct scheduler *scheduler = worker->scheduler;
    if (!process_charge(process, CALLER_PAGES))
        return -ENOMEM;

    pthread_mutex_lock(&scheduler->lock);
    worker->bound = true;
    worker_leaves_turns(worker);
    process_set_state(process, PROCESS_CALLING);
    if (!scheduler_end_turn(worker, false))
        process_stop(process, MOTTE_STOP_CPU_LIMIT, 0);
    schedule(scheduler, NULL);
    pthread_mutex_unlock(&scheduler->lock);

    uint64_t cpu_before = thread_cpu_ns();
    atomic_store(&worker->calling, process);
    int64_t result;
    do /* a signal that ended the last turn may come late */
        result = checked_syscall(number, arguments, &process->stop_flag);
    while (result == -EINTR && !process_stop_requested(process));
    atomic_store(&worker->calling, NULL);
    process_refund(process, CALLER_PAGES);

    pthread_mutex_lock(&scheduler->lock);
    if (!process_stop_requested(process)) {
        scheduler_ready(process);
        schedule(scheduler, NULL);
        while (!worker->assigned && !process_stop_requested(process))
            worker_wait(worker);
    }
    worker->bound = false;
    worker_joins_turns(worker);
    worker->dispatched = ticks_now();
    if (worker->assigned)
        begin(worker, ns_to_ticks(thread_cpu_ns() - cpu_before));
    else
        begin_free_of_charge(worker, process);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

void process_sleep_until(struct process *process, uint64_t at_ns)
{
    uint64_t now = monotonic_ns(), until = at_ns > now ? ns_to_ticks(at_ns - now) : 0;
    uint64_t ticks = ticks_now();
    process->sleep_until = at_ns == UINT64_MAX || until > UINT64_MAX - ticks ? UINT64_MAX : ticks + until;
    process_set_attention(process, true);
}

void process_await(struct process *process)
{
    process->sleep_until = UINT64_MAX;
    atomic_store(&process->wake, WAKE_AWAITED);
    process_set_attention(process, true);
}

/* One whose turn has not ended yet finds that it was woken when it ends (end). */
static void wake(struct process *process)
{
    uint32_t awaited = WAKE_AWAITED;
    if (!atomic_compare_exchange_strong(&process->wake, &awaited, WAKE_CAME))
        return;
    if (atomic_load(&process->state) != PROCESS_WAITING)
        return;
    scheduler_ready(process);
    process->scheduler->ipc_made_ready = true;
}

void process_wake(struct process *process, bool under_lock)
{
    struct scheduler *scheduler = process->scheduler;
    if (!under_lock)
        pthread_mutex_lock(&scheduler->lock);
    wake(process);
    if (under_lock)
        return;
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

void process_yield(struct process *process)
{
    process->yields = true;
    process_set_attention(process, true);
}

uint64_t process_cpu_ns(struct process *process)
{
    const struct worker *worker = worker_current();
    uint64_t under_way = worker->payer == process ? worker_charged(worker, ticks_now()) : 0;
    return ticks_to_ns(process->runnable.used + under_way);
}
