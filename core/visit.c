#define _GNU_SOURCE
#include "visit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "clock.h"
#include "code_region.h"
#include "host_functions.h"
#include "ipc/transfer.h"
#include "lifecycle.h"
#include "meters/meters.h"
#include "motte_abi.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "slices.h"
#include "slot.h"
#include "switch.h"
#include "turn.h"
#include "worker.h"

/* The longest that other threads of the interpreter may have to wait for a visitor that holds its lock; and what the meters
 * must have to lend, so that the slice thread's latency is not a budget's. */
static const uint64_t least_credit_ns = 10000000, look_ns = 1000000000;
static uint64_t limit, least_credit, look_again; /* the same in ticks, for a conversion costs as much as a lock */

/* --- the thread's own ------------------------------------------------------------------------------------------------ */

static pthread_key_t at_thread_end;
static bool has_key;

static void destroy(void *opaque)
{
    struct worker *visitor = opaque;
    worker_set_current(NULL);
    timer_destroy(&visitor->timer);
    worker_destroy_signal_stack(visitor);
    worker_free(visitor);
}

static void make_key(void)
{
    has_key = pthread_key_create(&at_thread_end, destroy) == 0;
    limit = ns_to_ticks(VISIT_LIMIT_NS);
    least_credit = ns_to_ticks(least_credit_ns);
    look_again = ns_to_ticks(look_ns);
}

static bool prepare(struct worker *visitor)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    return has_key && worker_create_signal_stack(visitor) && timer_prepare(&visitor->timer, visitor->thread_id)
        && pthread_setspecific(at_thread_end, visitor) == 0;
}

static struct worker *create(void)
{
    struct worker *visitor = calloc(1, sizeof *visitor);
    if (!visitor)
        return NULL;
    visitor->visits = true;
    visitor->thread = pthread_self();
    visitor->fork_generation = slot_fork_generation();
    atomic_store(&visitor->thread_id, (pid_t)syscall(SYS_gettid));
    if (!prepare(visitor)) {
        timer_destroy(&visitor->timer);
        worker_destroy_signal_stack(visitor);
        worker_free(visitor);
        return NULL;
    }
    worker_set_current(visitor);
    return visitor;
}

/* In a forked child the parent's is of no use: its timer does not exist there. What it takes is left to the child's end. */
struct worker *visitor_here(void)
{
    struct worker *visitor = worker_current();
    if (visitor && visitor->fork_generation == slot_fork_generation())
        return visitor;
    return create();
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static bool signals_allow(struct worker *visitor, uint64_t now)
{
    if (visitor->looked_ticks && now - visitor->looked_ticks < look_again)
        return true;
    bool possible = worker_have_signal_stack(visitor) && signals_allow_visits();
    visitor->looked_ticks = possible ? now : 0;
    return possible;
}

/* --- the visit ------------------------------------------------------------------------------------------------------- */

static void leave_turns(struct worker *visitor)
{
    worker_leaves_turns(visitor);
    visitor->candidate_link = NULL;
}

/* In a turn the slice counts; short ones are for the workers' own timers.  If this is false, nothing has changed but that it is in
 * no line. */
static bool borrow(struct worker *visitor, struct process *process, uint64_t now, bool in_turn)
{
    const struct slices *slices = &process->scheduler->slices;
    uint64_t slice;
    struct runnable *runnable = &process->runnable;
    if (runnable_wake(runnable, now) == RUNNABLE_EXHAUSTED)
        return false;
    bool lent = meters_begin(runnable, now, &visitor->credit, &slice);
    visitor->slice = in_turn && slice - slices->lead < limit ? slice - slices->lead : limit;
    if (lent && visitor->credit >= least_credit && (!in_turn || slice >= slices->shortest))
        return true;
    if (lent)
        meters_stop(runnable, now, 0, true);
    runnable_cancel(runnable, now);
    return false;
}

/* Neither taken from anybody nor given to a worker: the process is the visitor's from here. */
static bool begin(struct worker *visitor, struct process *process, bool in_turn)
{
    struct scheduler *scheduler = process->scheduler;
    uint64_t now = ticks_now();
    bool possible = !process->suspended && !process_stop_requested(process)
                 && !process->region->owned.claims.reaches_blocks && !process->slot->cell && slices_prepare_watch(scheduler)
                 && signals_allow(visitor, now);
    if (!possible || !borrow(visitor, process, now, in_turn))
        return false;
    visitor->scheduler = scheduler;
    visitor->dispatched = now;
    visitor->mxcsr = _mm_getcsr();
    visitor->assigned = process;
    process->worker = visitor;
    process->visited = true;
    process_set_state(process, PROCESS_RUNNING);
    worker_joins_turns(visitor);
    return true;
}

static bool run(struct worker *visitor, struct process *process, bool in_turn)
{
    if (!begin(visitor, process, in_turn)) {
        scheduler_ready(process);
        return false;
    }
    visitor->has_turn = in_turn;
    process->scheduler->free_turns -= in_turn;
    turn_take(visitor);
    visitor->has_turn = false;
    if (visitor->candidate_link)
        leave_turns(visitor);
    return true;
}

bool visit(struct worker *visitor, struct process *process)
{
    return run(visitor, process, false);
}

bool visit_in_turn(struct worker *visitor, struct process *process)
{
    return process->scheduler->free_turns && run(visitor, process, true);
}

/* --- functions of the host ---------------------------------------------------------------------------------------------- */

/* Under the lock.  A visitor is `outside` from before such a function until after it, unless somebody ends the visit meanwhile:
 * who takes that from it has the visit. */
static void end_visit(struct worker *visitor, struct process *process)
{
    process->worker = NULL;
    process->visited = false;
    process_set_state(process, PROCESS_OUTSIDE);
    bool stops = process_stop_requested(process);
    if (!scheduler_end_turn(visitor, false) && !stops)
        stops = process_stop(process, MOTTE_STOP_CPU_LIMIT, 0);
    leave_turns(visitor);
    if (stops)
        scheduler_announce_exit(process);
}

void visit_interrupt(struct worker *visitor)
{
    struct process *process = atomic_load_explicit(&visitor->process, memory_order_relaxed);
    if (!process)
        return;
    pthread_mutex_lock(&process->scheduler->lock);
    if (atomic_exchange(&visitor->outside, false))
        end_visit(visitor, process);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* Without a turn, which it cannot have now, the guest is left at once, and its caller sees to what follows.  The way there
 * finds the context by the GS base, which may be that of somebody visited meanwhile. */
static void go_on(struct worker *visitor, struct process *process)
{
    switch_gs_base(slot_window(process->slot));
    pthread_mutex_lock(&process->scheduler->lock);
    bool lives = atomic_load(&process->state) != PROCESS_EXITED;
    if (lives && !process->host->raised && begin(visitor, process, false))
        turn_begin(visitor);
    else
        process_set_attention(process, true);
    pthread_mutex_unlock(&process->scheduler->lock);
}

bool visit_overstays(struct process *process, uint64_t since, bool ends)
{
    pthread_mutex_lock(&process->scheduler->lock);
    struct worker *worker = process->worker;
    int64_t left = process->runnable.left;
    uint64_t now = ticks_now(), used = now - since;
    if (worker && worker->payer == process && atomic_load(&worker->process) == process)
        used = worker_charged(worker, now);
    if (left != METER_UNLIMITED && (left <= 0 || used >= (uint64_t)left))
        process_end_for(process, MOTTE_STOP_CPU_LIMIT, 0);
    if (ends)
        process_end_for(process, MOTTE_STOP_KILLED, 0);
    if (process->visited && process_stop_requested(process) && atomic_exchange(&worker->outside, false))
        end_visit(worker, process);
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    return process_stop_requested(process);
}

int64_t visit_host_call(struct process *process)
{
    struct worker *visitor = worker_current();
    struct host_functions *host = process->host;
    uint64_t words[HOST_WORDS], result = 0;
    memcpy(words, host->words, host->function->words * sizeof *words);
    atomic_store_explicit(&visitor->outside, true, memory_order_release);
    if (!host_function_invoke(host->function->opaque, process, words, &result)) {
        host->raised = true;
        process_set_attention(process, true);
    }
    bool visits = atomic_exchange(&visitor->outside, false);
    process->question.ask = ASK_NOTHING; /* whatever it did with the guest's memory */
    if (!visits)
        go_on(visitor, process);
    return (int64_t)result;
}

/* --- kernel calls ---------------------------------------------------------------------------------------------------- */

static bool is_quick(uint64_t system_call)
{
    switch (system_call) {
    case SYS_brk:
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mremap:
    case SYS_mprotect:
    case SYS_madvise:
    case SYS_clock_gettime:
    case SYS_clock_getres:
    case SYS_gettimeofday:
    case SYS_time:
    case SYS_getpid:
    case SYS_gettid:
    case SYS_set_tid_address:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_exit:
    case SYS_exit_group:
        return true;
    default:
        return false;
    }
}

/* Messages do not wait in their gates: a process that waits leaves them. */
bool visit_allows(uint32_t number, const uint64_t arguments[6])
{
    bool is_system_call = number == MOTTE_CALL_SYSCALL || number == MOTTE_CALL_SYSCALL6;
    return !is_system_call || is_quick(arguments[0]);
}

int64_t visit_defer(struct process *process, uint32_t number, const uint64_t arguments[6])
{
    struct question *question = &process->question;
    question->call = number;
    for (int i = 0; i < 6; i++)
        question->arguments[i] = arguments[i];
    question->again = true;
    process_set_attention(process, true);
    return 0;
}
