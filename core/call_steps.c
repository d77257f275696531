#define _GNU_SOURCE
#include "call_steps.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "awaited_call.h"
#include "call_frame.h"
#include "context.h"
#include "host_functions.h"
#include "scheduler.h"
#include "slot.h"
#include "visit.h"

/* --- whose it is ----------------------------------------------------------------------------------------------------- */

void call_hold(struct process *process)
{
    process->holders++;
}

void call_let_go(struct process *process)
{
    if (--process->holders == 0 && process->closed)
        pthread_cond_broadcast(&process->scheduler->released);
}

/* Whether the process waits for its caller's thread, which runs a function of the host's for it. */
static bool is_served(const struct process *process)
{
    return call_state(process) == PROCESS_OUTSIDE && !process->host->pending;
}

enum call_result call_acquire(const void *caller, struct guest_call *call)
{
    struct process *process = call->process;
    if (process->closed || call_state(process) == PROCESS_EXITED)
        return CALL_HAD_ENDED;
    if (process->caller && process->caller != caller)
        return awaited_call_is_ours(process) ? CALL_NOT_NOW : CALL_BUSY;
    if (process->caller && !is_served(process))
        return CALL_NOT_NOW;
    if (!process->caller && call_state(process) != PROCESS_IDLE)
        return CALL_NOT_OPEN;
    if (process->call_depth == CALL_DEPTH_LIMIT)
        return CALL_TOO_DEEP;
    call->nested = process->caller;
    process->caller = caller;
    call_hold(process);
    call->acquired = true;
    return CALL_RETURNED;
}

/* For threads that wait for their turn. */
static void note_end(struct process *process)
{
    uint32_t ended = atomic_load_explicit(&process->calls_ended, memory_order_relaxed);
    atomic_store_explicit(&process->calls_ended, ended + 1, memory_order_relaxed);
    if (process->calls_waiting)
        syscall(SYS_futex, &process->calls_ended, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void call_tell(struct process *process)
{
    awaited_call_tell(process);
    if (call_state(process) == PROCESS_EXITED)
        note_end(process);
}

void call_release(struct guest_call *call)
{
    struct process *process = call->process;
    call->acquired = false;
    call_let_go(process);
    if (call->nested)
        return;
    process->caller = NULL;
    note_end(process);
    if (process->line)
        awaited_call_tell_next(process);
}

/* --- the call -------------------------------------------------------------------------------------------------------- */

/* The function has returned, or was given up. */
static enum call_result finish(struct guest_call *call)
{
    struct process *process = call->process;
    process->call_depth--;
    if (process->host && process->host->raised) {
        process->host->raised = false;
        call->raised = true;
        slot_context(process->slot)->resume = RESUME_RETURNED;
        process_set_state(process, PROCESS_IDLE);
    } else {
        call_frame_take_results(call);
    }
    if (call->nested) {
        call_frame_restore_gate(call);
        process_set_state(process, PROCESS_OUTSIDE);
    }
    return CALL_RETURNED;
}

enum call_result call_outcome(struct guest_call *call)
{
    struct process *process = call->process;
    switch (call_state(process)) {
    case PROCESS_IDLE:
        return finish(call);
    case PROCESS_EXITED:
        if (call->nested) /* the gate outside is left yet; where the process stood when it ended is not touched */
            slot_context(process->slot)->host_stack = call->outer.host_stack;
        return CALL_ENDED;
    case PROCESS_OUTSIDE:
        if (process->host->pending)
            return CALL_OUTSIDE;
        if (process->host->raised)
            return finish(call);
        scheduler_ready(process); /* a visit that could not be resumed */
        return CALL_GOES_ON;
    default:
        return CALL_GOES_ON;
    }
}

enum call_result call_proceed(struct worker *visitor, struct guest_call *call)
{
    if (visitor)
        visit(visitor, call->process);
    else
        scheduler_ready(call->process);
    enum call_result result = call_outcome(call);
    if (result == CALL_GOES_ON)
        schedule(call->process->scheduler, NULL);
    return result;
}

enum call_result call_begin(struct worker *visitor, struct guest_call *call)
{
    struct process *process = call->process;
    uintptr_t top = slot_stack_top(process->slot);
    if (call_state(process) == PROCESS_EXITED)
        return CALL_HAD_ENDED;
    if (call->nested) {
        call_frame_keep_gate(call);
        top = call->outer.guest_stack / 16 * 16;
    }
    if (!call_frame_make(call, top)) {
        if (call->nested)
            call_frame_restore_gate(call);
        process->question.ask = ASK_NOTHING;
        return CALL_NO_STACK;
    }
    process->call_depth++;
    return call_proceed(visitor, call);
}
