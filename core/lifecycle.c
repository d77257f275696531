#define _GNU_SOURCE
#include "lifecycle.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "awake.h"
#include "clock.h"
#include "context.h"
#include "events.h"
#include "ipc/transfer.h"
#include "moments.h"
#include "offers.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "worker.h"

static enum process_state state_of(const struct process *process)
{
    return (enum process_state)atomic_load(&process->state);
}

/* There is not even one thread. */
static void take_back_start(struct process *process)
{
    runnable_cancel(&process->runnable, ticks_now());
    timeouts_cancel(&process->scheduler->timeouts, &process->wall);
    process->started_ns = 0;
    process_set_state(process, PROCESS_CREATED);
}

/* Under the lock: its time begins. */
static int begin(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    if (state_of(process) != PROCESS_CREATED || process->closed)
        return -EBUSY;
    process->started_ns = monotonic_ns();
    if (process->wall_limit_ns == UINT64_MAX)
        return 0;
    uint64_t now = ticks_now(), limit = ns_to_ticks(process->wall_limit_ns);
    if (limit >= UINT64_MAX - now || moments_set(scheduler, &process->wall, now + limit))
        return 0;
    process->started_ns = 0;
    return -EAGAIN;
}

int process_open(struct process *process)
{
    pthread_mutex_lock(&process->scheduler->lock);
    int result = begin(process);
    if (!result) {
        slot_context(process->slot)->resume = RESUME_RETURNED;
        process_set_state(process, PROCESS_IDLE);
    }
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

int process_start(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    const struct parking *sleeper = NULL;
    pthread_mutex_lock(&scheduler->lock);
    int result = begin(process);
    if (!result) {
        awake_note_start(scheduler);
        scheduler_ready(process);
        if (!offer_make(process)) {
            scheduler->wake_later = &sleeper;
            schedule(scheduler, NULL);
            scheduler->wake_later = NULL;
        }
    }
    if (!result && state_of(process) == PROCESS_READY && !scheduler->workers && scheduler->retry_at < UINT64_MAX) {
        take_back_start(process);
        result = -EAGAIN;
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (sleeper)
        parking_wake(sleeper);
    offer_note_start(process);
    return result;
}

/* --- the end ------------------------------------------------------------------------------------------------------- */

/* Nobody's hands hold it: it ends here and now. */
static void end_at_once(struct process *process)
{
    runnable_cancel(&process->runnable, ticks_now());
    scheduler_announce_exit(process);
}

void process_end_for(struct process *process, enum motte_stop reason, int32_t value)
{
    if (state_of(process) == PROCESS_EXITED)
        return;
    process_stop(process, reason, value);
    struct worker *worker = process->worker;
    if (!worker) {
        end_at_once(process);
    } else if (worker->bound && state_of(process) != PROCESS_CALLING) {
        runnable_cancel(&process->runnable, ticks_now());
        scheduler_call(worker); /* it waits for a turn */
    } else {
        struct process *running = atomic_load(&worker->process); /* another one, if it has lent its turn */
        if (running)
            process_set_attention(running, true);
        scheduler_interrupt(worker);
    }
    if (process->scheduler->ipc_made_ready)
        schedule(process->scheduler, NULL);
}

void process_kill(struct process *process, enum motte_stop reason)
{
    pthread_mutex_lock(&process->scheduler->lock);
    process_end_for(process, reason, 0);
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* --- standing still --------------------------------------------------------------------------------------------------- */

int process_suspend(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    int result = 0;
    pthread_mutex_lock(&scheduler->lock);
    switch (state_of(process)) {
    case PROCESS_CREATED:
    case PROCESS_EXITED:
        result = -EBUSY;
        break;
    case PROCESS_READY:
        process->suspended = true;
        runnable_cancel(&process->runnable, ticks_now());
        process_set_state(process, PROCESS_SUSPENDED);
        deep_sleep_begin_rest(scheduler);
        break;
    case PROCESS_RUNNING:
        process->suspended = true;
        process_set_attention(process, true);
        scheduler_interrupt(process->worker);
        break;
    default: /* it stands still already, and will when that is over */
        process->suspended = true;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

int process_resume(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    bool possible = state_of(process) != PROCESS_CREATED && state_of(process) != PROCESS_EXITED;
    if (possible) {
        process->suspended = false;
        if (state_of(process) == PROCESS_SUSPENDED) {
            scheduler_ready(process);
            schedule(scheduler, NULL);
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
    return possible ? 0 : -EBUSY;
}

/* --- waiting and looking ------------------------------------------------------------------------------------------------ */

struct deadline deadline_after(uint64_t timeout_ns)
{
    uint64_t now = timeout_ns < UINT64_MAX ? monotonic_ns() : 0;
    if (timeout_ns >= UINT64_MAX - now)
        return (struct deadline){.exists = false};
    return (struct deadline){.exists = true, .at = timespec_from_ns(now + timeout_ns)};
}

bool deadline_is_before(const struct deadline *one, const struct deadline *other)
{
    if (!one->exists || !other->exists)
        return one->exists;
    return one->at.tv_sec != other->at.tv_sec ? one->at.tv_sec < other->at.tv_sec : one->at.tv_nsec < other->at.tv_nsec;
}

static int wait_until_exited(struct process *process, const struct timespec *end)
{
    for (;;) {
        uint32_t state = atomic_load(&process->state);
        if (state == PROCESS_EXITED)
            return 1;
        long result = syscall(SYS_futex, &process->state, FUTEX_WAIT_BITSET_PRIVATE, state, end, NULL,
                              FUTEX_BITSET_MATCH_ANY);
        if (result < 0 && errno == ETIMEDOUT)
            return atomic_load(&process->state) == PROCESS_EXITED;
        if (result < 0 && errno == EINTR)
            return -EINTR;
    }
}

int process_wait(struct process *process, struct deadline deadline)
{
    if (state_of(process) == PROCESS_EXITED)
        return 1;
    atomic_fetch_add(&process->waiters, 1);
    int result = wait_until_exited(process, deadline.exists ? &deadline.at : NULL);
    atomic_fetch_sub(&process->waiters, 1);
    return result;
}

struct process_times process_times(struct process *process)
{
    pthread_mutex_lock(&process->scheduler->lock);
    uint64_t used = process->runnable.used, now = monotonic_ns();
    const struct worker *worker = process->worker;
    if (worker && worker->payer == process && atomic_load(&worker->process))
        used += worker_charged(worker, ticks_now());
    uint64_t end = process->ended_ns ? process->ended_ns : now;
    struct process_times times = {
        .cpu_ns = ticks_to_ns(used),
        .wall_ns = process->started_ns ? end - process->started_ns : 0,
        .preemptions = process->preemptions,
    };
    pthread_mutex_unlock(&process->scheduler->lock);
    return times;
}
