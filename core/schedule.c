/* Whose turn it is: free turns go to those processes that the meters choose, and to threads that can run them. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call_steps.h"
#include "clock.h"
#include "events.h"
#include "ipc/process_ipc.h"
#include "ipc/service.h"
#include "lifecycle.h"
#include "meters/meters.h"
#include "moments.h"
#include "personality.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "trace.h"
#include "worker.h"

static const uint64_t retry_ns = 10000000;
enum { RETRIES_LIMIT = 100 };

/* A thread for this process: its own if it is bound to one; the caller's, an idle one, a new one if there `may_be_new`. */
static struct worker *find_worker(struct scheduler *scheduler, struct process *process, struct worker *self,
                                  bool may_be_new)
{
    if (process->worker)
        return process->worker;
    if (self && !self->bound && !self->assigned)
        return self;
    struct worker *worker = scheduler->idle;
    if (!worker)
        return may_be_new ? worker_create(scheduler) : NULL;
    scheduler->idle = worker->next_idle;
    scheduler->idle_count--;
    return worker;
}

static void assign(struct worker *worker, struct process *process, struct worker *self)
{
    worker->assigned = process;
    process->worker = worker;
    process_set_state(process, PROCESS_RUNNING);
    if (worker != self)
        scheduler_call(worker);
}

void scheduler_call(struct worker *worker)
{
    const struct parking **later = worker->scheduler->wake_later;
    if (!parking_call(&worker->parking))
        return;
    if (later && !*later)
        *later = &worker->parking;
    else
        parking_wake(&worker->parking);
}

void scheduler_turn_is_long(struct worker *worker)
{
    struct scheduler *scheduler = worker->scheduler;
    worker->next_long = scheduler->long_turns;
    worker->long_link = &scheduler->long_turns;
    if (worker->next_long)
        worker->next_long->long_link = &worker->next_long;
    scheduler->long_turns = worker;
}

static void turn_is_not_long(struct worker *worker)
{
    if (!worker->long_link)
        return;
    *worker->long_link = worker->next_long;
    if (worker->next_long)
        worker->next_long->long_link = worker->long_link;
    worker->long_link = NULL;
}

/* Somebody waits and there is no turn for it: no turn lasts longer than its slice now. */
static void shorten_turns(struct scheduler *scheduler)
{
    struct worker *worker;
    while ((worker = scheduler->long_turns)) {
        uint64_t end = worker->dispatched + worker->slice;
        turn_is_not_long(worker);
        if (worker->lingers)
            process_set_attention(atomic_load(&worker->process), true);
        else if (end < atomic_load(&worker->timer.turn_end))
            timer_shorten_turn(&worker->timer, end);
    }
}

/* Meters change as turns end, and those whom it concerns may sleep: the keeper of one that is dry, however busy the others
 * are, and the clock thread, if one gets something back earlier than it knows (or threads are to be asked for again). */
static void tell_of_meters(struct scheduler *scheduler)
{
    events_of_meters(scheduler);
    uint64_t refill = meters_next_event(scheduler->root);
    if (refill < scheduler->clock_sleeps_until || scheduler->retry_at < scheduler->clock_sleeps_until)
        moments_look(scheduler);
}

void schedule(struct scheduler *scheduler, struct worker *self)
{
    schedule_at(scheduler, self, ticks_now());
}

/* Processes that were chosen, and there was no thread to be had for them: they wait on, until a worker looks for work or
 * the clock thread asks again.  Without any thread, and after so many refusals, they end. */
static void put_back(struct scheduler *scheduler, struct process *unplaced, uint64_t now)
{
    bool in_vain = unplaced && !scheduler->workers
                && (scheduler->retries == RETRIES_LIMIT || !moments_prepare(scheduler));
    if (!unplaced || in_vain) {
        scheduler->retry_at = UINT64_MAX;
        scheduler->retries = 0;
    } else if (now >= scheduler->retry_at || scheduler->retry_at == UINT64_MAX) {
        scheduler->retry_at = now + ns_to_ticks(retry_ns); /* time for the host to change its mind */
        scheduler->retries += scheduler->retries < RETRIES_LIMIT;
    }
    while (unplaced) {
        struct process *process = unplaced;
        unplaced = process->next_unplaced;
        meters_stop(&process->runnable, now, 0, !in_vain);
        if (in_vain) {
            process_stop(process, MOTTE_STOP_INTERNAL, 0);
            scheduler_announce_exit(process);
        }
    }
}

void scheduler_thread_refused(struct scheduler *scheduler)
{
    scheduler->retry_at = ticks_now() + ns_to_ticks(retry_ns);
    schedule(scheduler, NULL);
}

/* Gives a free turn away, or puts the one whom it is due on the list of the unplaced; false if there is nobody. */
static bool give_turn(struct scheduler *scheduler, struct worker *self, uint64_t now, struct process **unplaced)
{
    bool may_be_new = !*unplaced && (scheduler->retry_at == UINT64_MAX || now >= scheduler->retry_at);
    uint64_t credit, slice;
    struct runnable *chosen = meters_pick(scheduler->root, now, &credit, &slice);
    if (!chosen)
        return false;
    struct process *process = (struct process *)((char *)chosen - offsetof(struct process, runnable));
    struct worker *worker = find_worker(scheduler, process, self, may_be_new);
    if (worker) {
        worker->credit = credit;
        worker->slice = slice;
        worker->dispatched = now;
        scheduler->free_turns--;
        assign(worker, process, self);
    } else {
        process->next_unplaced = *unplaced;
        *unplaced = process;
    }
    return true;
}

/* A process without a thread must not keep turns from those behind it that are bound to one: these wait in a call, and
 * may be the ones that all threads are taken by. */
void schedule_at(struct scheduler *scheduler, struct worker *self, uint64_t now)
{
    struct process *unplaced = NULL;
    scheduler->ipc_made_ready = false;
    scheduler->offer.process = 0;
    while (scheduler->free_turns && give_turn(scheduler, self, now, &unplaced)) {
    }
    if (unplaced || scheduler->retry_at < UINT64_MAX)
        put_back(scheduler, unplaced, now);
    if (meters_anyone_waits(scheduler->root))
        shorten_turns(scheduler);
    tell_of_meters(scheduler);
}

/* Whose turn it was has lent it to another.  It goes on by itself if it has got what it waits for. */
static void end_loan(struct process *payer, uint64_t now, uint64_t used)
{
    bool stops = process_stop_requested(payer), answered = !ipc_is_waiting(payer->ipc);
    bool ready = answered && !stops && !payer->suspended;
    payer->worker = NULL;
    if (answered && !stops)
        process_set_state(payer, ready ? PROCESS_READY : PROCESS_SUSPENDED);
    if (answered)
        timeouts_cancel(&payer->scheduler->timeouts, &payer->sleep);
    if (meters_stop(&payer->runnable, now, used, ready) == RUNNABLE_EXHAUSTED && !stops)
        stops = process_stop(payer, MOTTE_STOP_CPU_LIMIT, 0);
    if (stops)
        scheduler_announce_exit(payer);
}

bool scheduler_end_turn(struct worker *worker, bool ready)
{
    struct scheduler *scheduler = worker->scheduler;
    struct process *process = atomic_load_explicit(&worker->process, memory_order_relaxed);
    uint64_t now = ticks_now(), used = worker_used(worker, now);
    worker->turn_ended = now;
    turn_is_not_long(worker);
    atomic_store_explicit(&worker->process, NULL, memory_order_relaxed);
    if (worker->unmetered) {
        worker->unmetered = false;
        trace_turn(scheduler, TRACE_TURN_ENDS, worker->payer, worker, now, 0);
        return true;
    }
    trace_turn(scheduler, TRACE_TURN_ENDS, worker->payer, worker, now, used);
    scheduler->free_turns += worker->has_turn;
    if (worker->payer == process)
        return meters_stop(&process->runnable, now, used, ready) != RUNNABLE_EXHAUSTED;
    end_loan(worker->payer, now, used);
    return !ready || runnable_wake(&process->runnable, now) != RUNNABLE_EXHAUSTED;
}

void scheduler_ready(struct process *process)
{
    if (process->suspended) {
        process_set_state(process, PROCESS_SUSPENDED);
        deep_sleep_begin_rest(process->scheduler);
        return;
    }
    process_set_state(process, PROCESS_READY);
    trace_event(process->scheduler, TRACE_READY, process->identity, 0, 0);
    runnable_wake(&process->runnable, ticks_now());
}

void scheduler_interrupt(struct worker *worker)
{
    signals_send(atomic_load(&worker->thread_id));
}

void scheduler_announce_exit(struct process *process)
{
    process->ended_ns = monotonic_ns();
    process_note_place(process);
    ipc_forget(process);
    personality_hang_up(process);
    timeouts_cancel(&process->scheduler->timeouts, &process->sleep);
    timeouts_cancel(&process->scheduler->timeouts, &process->wall);
    if (is_traced(process->scheduler))
        trace_write_exit(process->scheduler, process);
    event_post(process, EVENT_EXIT);
    service_process_ended(process);
    atomic_store(&process->state, PROCESS_EXITED);
    scheduler_tell_waiters(process);
}

/* Who waits counts itself before it looks at the state, which was stored just now: one of the two sees the other. */
void scheduler_tell_waiters(struct process *process)
{
    if (atomic_load(&process->waiters))
        syscall(SYS_futex, &process->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    if (process->awaited || process->line || process->calls_waiting)
        call_tell(process);
}
