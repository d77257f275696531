#include "awaited_call.h"

#include "call_frame.h"
#include "call_steps.h"
#include "host_functions.h"
#include "ipc/transfer.h"
#include "lifecycle.h"
#include "scheduler.h"
#include "worker.h"

/* --- the line -------------------------------------------------------------------------------------------------------- */

static void enter_line(struct process *process, struct awaited_call *awaited)
{
    struct awaited_call *first = process->line;
    if (awaited->next)
        return;
    if (!first)
        first = process->line = awaited->next = awaited->previous = awaited;
    awaited->next = first;
    awaited->previous = first->previous;
    awaited->previous->next = awaited;
    first->previous = awaited;
}

static void leave_line(struct process *process, struct awaited_call *awaited)
{
    if (!awaited->next)
        return;
    if (process->line == awaited)
        process->line = awaited->next == awaited ? NULL : awaited->next;
    awaited->previous->next = awaited->next;
    awaited->next->previous = awaited->previous;
    awaited->next = awaited->previous = NULL;
}

void awaited_call_tell_next(struct process *process)
{
    completions_add(&process->line->told);
}

void awaited_call_tell(struct process *process)
{
    struct awaited_call *first = process->line, *each = first;
    if (process->awaited)
        completions_add(&process->awaited->told);
    if (!first || call_state(process) != PROCESS_EXITED)
        return;
    do {
        completions_add(&each->told);
        each = each->next;
    } while (each != first);
}

bool awaited_call_is_ours(const struct process *process)
{
    const struct awaited_call *awaited = process->awaited;
    return awaited && pthread_equal(awaited->thread, pthread_self());
}

/* --- one's turn ------------------------------------------------------------------------------------------------------ */

static enum call_result acquire(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    bool others_come_first = process->line && process->line != awaited;
    if (process->caller && process->caller == worker_current())
        return CALL_NOT_NOW;
    if (others_come_first && call_state(process) != PROCESS_EXITED)
        return CALL_BUSY;
    enum call_result result = call_acquire(awaited, awaited->call);
    return result == CALL_NOT_NOW ? CALL_BUSY : result; /* of its own thread's, too: it waits for nobody */
}

enum call_result awaited_call_acquire(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    pthread_mutex_lock(&process->scheduler->lock);
    enum call_result result = acquire(awaited);
    if (result == CALL_BUSY)
        enter_line(process, awaited);
    else
        leave_line(process, awaited);
    if (result == CALL_RETURNED)
        process->awaited = awaited;
    awaited->thread = pthread_self();
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

void awaited_call_release(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    if (awaited->call->raised)
        call_frame_restore_data_stack(awaited->call);
    pthread_mutex_lock(&process->scheduler->lock);
    process->awaited = NULL;
    call_release(awaited->call);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* --- the call -------------------------------------------------------------------------------------------------------- */

enum call_result awaited_call_begin(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    call_frame_note_data_stack(awaited->call);
    pthread_mutex_lock(&process->scheduler->lock);
    enum call_result result = call_begin(NULL, awaited->call);
    if (result == CALL_GOES_ON)
        call_let_go(process);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* Under the lock.  What is served goes on when that is over; but the process may end before. */
static enum call_result look(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    if (awaited->served && call_state(process) != PROCESS_EXITED)
        return CALL_GOES_ON;
    enum call_result result = call_outcome(awaited->call);
    if (result == CALL_RETURNED)
        call_hold(process);
    if (result == CALL_ENDED)
        process->awaited = NULL;
    return result;
}

enum call_result awaited_call_look(struct awaited_call *awaited)
{
    struct scheduler *scheduler = awaited->call->process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    enum call_result result = look(awaited);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

bool awaited_call_serves(struct awaited_call *awaited, struct worker *visitor)
{
    struct process *process = awaited->call->process;
    pthread_mutex_lock(&process->scheduler->lock);
    bool wanted = process->awaited == awaited && call_state(process) == PROCESS_OUTSIDE && process->host->pending;
    if (wanted) {
        awaited->served = true;
        process->caller = visitor;
        call_hold(process);
    }
    pthread_mutex_unlock(&process->scheduler->lock);
    return wanted;
}

void awaited_call_served(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    pthread_mutex_lock(&process->scheduler->lock);
    bool lives = call_state(process) != PROCESS_EXITED;
    awaited->served = false;
    process->caller = awaited;
    if (lives && process->host->raised)
        awaited_call_tell(process);
    else if (lives)
        call_proceed(NULL, awaited->call);
    call_let_go(process);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

/* Under the lock.  Whoever was behind it in line may have been waiting for it alone. */
static void give_up_turn(struct process *process, struct awaited_call *awaited)
{
    bool was_first = process->line == awaited;
    leave_line(process, awaited);
    if (was_first && process->line && !process->caller)
        awaited_call_tell_next(process);
}

enum call_result awaited_call_cancel(struct awaited_call *awaited)
{
    struct process *process = awaited->call->process;
    enum call_result result = CALL_ENDED;
    pthread_mutex_lock(&process->scheduler->lock);
    if (process->awaited == awaited)
        result = look(awaited);
    else
        give_up_turn(process, awaited);
    bool ends = result == CALL_GOES_ON || result == CALL_OUTSIDE;
    if (ends) {
        process->awaited = NULL;
        process_end_for(process, MOTTE_STOP_KILLED, 0);
        ipc_settle(process->scheduler);
    }
    pthread_mutex_unlock(&process->scheduler->lock);
    while (ends && process_wait(process, deadline_after(UINT64_MAX)) != 1) {
    }
    return ends ? CALL_ENDED : result;
}
