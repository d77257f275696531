#define _GNU_SOURCE
#include "function_call.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "code_region.h"
#include "context.h"
#include "gates.h"
#include "guest_memory.h"
#include "host_functions.h"
#include "image.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "stack_growth.h"
#include "visit.h"
#include "worker.h"

bool function_find(const struct process *process, uint64_t code_offset, uintptr_t *address, uint32_t *stack_words)
{
    const struct code_region *region = process->region;
    const struct motte_claims *claims = &region->owned.claims;
    for (size_t i = 0; i < claims->function_count; i++) {
        const struct motte_claimed_function *function = &claims->functions[i];
        if (function->offset != code_offset)
            continue;
        *address = region->base + function->offset;
        *stack_words = (function->stack_arguments + 7) / 8;
        return function->stack_arguments <= CALL_STACK_WORDS * 8;
    }
    return false;
}

/* --- arguments and results ------------------------------------------------------------------------------------------- */

static const unsigned char argument_registers[CALL_GENERAL] = {7, 6, 2, 1, 8, 9}; /* rdi rsi rdx rcx r8 r9 */

/* Below `top`, which is aligned: arguments, return address.  False if the native stack cannot hold them. */
static bool write_stack(const struct guest_call *call, uintptr_t top, uintptr_t *stack)
{
    struct process *process = call->process;
    uintptr_t arguments = top - (call->stack_words * 8 + 15) / 16 * 16;
    *stack = arguments - sizeof(uint64_t);
    if (*stack < process->native_stack_low && stack_grow(process, *stack) != STACK_GROWN)
        return false;
    *(uint64_t *)*stack = FUNCTION_RETURN_GATE;
    memcpy((void *)arguments, call->stack, call->stack_words * 8);
    return true;
}

static bool prepare(const struct guest_call *call, uintptr_t top)
{
    struct context *context = slot_context(call->process->slot);
    uintptr_t stack;
    if (!write_stack(call, top, &stack))
        return false;
    for (int i = 0; i < CALL_GENERAL; i++)
        context->registers[argument_registers[i]] = call->general[i];
    for (int i = 0; i < CALL_VECTORS; i++)
        memcpy(context->vectors + XMM_IN_VECTORS + XMM_SIZE * i, &call->vectors[i], sizeof call->vectors[i]);
    context->registers[REGISTER_STACK] = stack;
    context->instruction = call->address;
    context->resume = RESUME_CALL;
    return true;
}

static void take_results(struct guest_call *call)
{
    const struct context *context = slot_context(call->process->slot);
    call->result = (uint64_t)context->result;
    memcpy(&call->vector_result, context->vectors + XMM_IN_VECTORS, sizeof call->vector_result);
}

/* --- calls inside of functions of the host --------------------------------------------------------------------------- */

static void keep_gate(struct guest_call *call)
{
    const struct context *context = slot_context(call->process->slot);
    call->outer = (struct gate_state){
        .host_stack = context->host_stack,
        .guest_stack = context->guest_stack,
        .rbx = context->rbx,
        .rbp = context->rbp,
        .r12 = context->r12,
        .r13 = context->r13,
        .r14 = context->r14,
        .r15 = context->r15,
    };
}

static void restore_gate(const struct guest_call *call)
{
    struct context *context = slot_context(call->process->slot);
    context->resume = RESUME_IN_GATE;
    context->host_stack = call->outer.host_stack;
    context->guest_stack = call->outer.guest_stack;
    context->rbx = call->outer.rbx;
    context->rbp = call->outer.rbp;
    context->r12 = call->outer.r12;
    context->r13 = call->outer.r13;
    context->r14 = call->outer.r14;
    context->r15 = call->outer.r15;
}

/* Frames that are given up do not lower the guest's data stack themselves. */
static void note_data_stack(struct guest_call *call)
{
    guest_addr variable = {call->process->image->pointer_variable};
    if (!call->process->host || !copy_in(call->process, &call->data_stack, variable, sizeof call->data_stack))
        call->data_stack = 0;
}

static void restore_data_stack(struct guest_call *call)
{
    guest_addr variable = {call->process->image->pointer_variable};
    if (call->data_stack)
        copy_out(call->process, variable, &call->data_stack, sizeof call->data_stack);
}

/* --- who calls, under the lock --------------------------------------------------------------------------------------- */

static enum process_state state_of(const struct process *process)
{
    return (enum process_state)atomic_load(&process->state);
}

/* Whether the process waits for the calling thread, which runs a function of the host's for it. */
static bool is_served_here(const struct process *process)
{
    return state_of(process) == PROCESS_OUTSIDE && !process->host->pending;
}

static enum call_result acquire(struct worker *visitor, struct guest_call *call)
{
    struct process *process = call->process;
    if (process->closed || state_of(process) == PROCESS_EXITED)
        return CALL_HAD_ENDED;
    if (process->caller && process->caller != visitor)
        return CALL_BUSY;
    if (process->caller && !is_served_here(process))
        return CALL_NOT_NOW;
    if (!process->caller && state_of(process) != PROCESS_IDLE)
        return CALL_NOT_OPEN;
    if (process->call_depth == CALL_DEPTH_LIMIT)
        return CALL_TOO_DEEP;
    call->nested = process->caller;
    process->caller = visitor;
    process->holders++;
    call->acquired = true;
    return CALL_RETURNED;
}

static void release(struct guest_call *call)
{
    struct process *process = call->process;
    call->acquired = false;
    if (--process->holders == 0 && process->closed)
        pthread_cond_broadcast(&process->scheduler->released);
    if (call->nested)
        return;
    process->caller = NULL;
    uint32_t ended = atomic_load_explicit(&process->calls_ended, memory_order_relaxed);
    atomic_store_explicit(&process->calls_ended, ended + 1, memory_order_relaxed);
    if (process->calls_waiting)
        syscall(SYS_futex, &process->calls_ended, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

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
        take_results(call);
    }
    if (call->nested) {
        restore_gate(call);
        process_set_state(process, PROCESS_OUTSIDE);
    }
    return CALL_RETURNED;
}

static enum call_result outcome(struct guest_call *call)
{
    struct process *process = call->process;
    switch (state_of(process)) {
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

static enum call_result proceed(struct worker *visitor, struct guest_call *call)
{
    visit(visitor, call->process);
    enum call_result result = outcome(call);
    if (result == CALL_GOES_ON)
        schedule(call->process->scheduler, NULL);
    return result;
}

static enum call_result begin(struct worker *visitor, struct guest_call *call)
{
    struct process *process = call->process;
    uintptr_t top = slot_stack_top(process->slot);
    if (state_of(process) == PROCESS_EXITED)
        return CALL_HAD_ENDED;
    if (call->nested) {
        keep_gate(call);
        top = call->outer.guest_stack / 16 * 16;
    }
    if (!prepare(call, top)) {
        if (call->nested)
            restore_gate(call);
        process->question.ask = ASK_NOTHING;
        return CALL_NO_STACK;
    }
    process->call_depth++;
    return proceed(visitor, call);
}

static bool is_over(enum call_result result)
{
    return result != CALL_GOES_ON && result != CALL_OUTSIDE;
}

/* --- without it -------------------------------------------------------------------------------------------------------- */

enum call_result function_call_acquire(struct worker *visitor, struct guest_call *call)
{
    visit_interrupt(visitor);
    pthread_mutex_lock(&call->process->scheduler->lock);
    enum call_result result = acquire(visitor, call);
    pthread_mutex_unlock(&call->process->scheduler->lock);
    return result;
}

void function_call_release(struct guest_call *call)
{
    struct scheduler *scheduler = call->process->scheduler;
    if (call->raised)
        restore_data_stack(call);
    pthread_mutex_lock(&scheduler->lock);
    release(call);
    pthread_mutex_unlock(&scheduler->lock);
}

enum call_result function_call(struct worker *visitor, struct guest_call *call)
{
    struct scheduler *scheduler = call->process->scheduler;
    bool keeps = call->acquired;
    enum call_result result = CALL_RETURNED;
    if (call->process->host && !keeps)
        result = function_call_acquire(visitor, call);
    if (call->process->host && result == CALL_RETURNED)
        note_data_stack(call);
    if (result != CALL_RETURNED)
        return result;
    visit_interrupt(visitor);
    pthread_mutex_lock(&scheduler->lock);
    if (!call->acquired)
        result = acquire(visitor, call);
    if (result == CALL_RETURNED)
        result = begin(visitor, call);
    bool over = call->acquired && !keeps && is_over(result);
    if (over && !call->raised)
        release(call);
    pthread_mutex_unlock(&scheduler->lock);
    if (over && call->raised)
        function_call_release(call);
    return result;
}

void function_call_serve(struct guest_call *call)
{
    struct process *process = call->process;
    struct host_functions *host = process->host;
    uint64_t words[HOST_WORDS], result = 0, start = ticks_now();
    memcpy(words, host->words, sizeof words);
    host->pending = false;
    if (host_function_invoke(host->function->opaque, process, words, &result))
        slot_context(process->slot)->result = (int64_t)result;
    else
        host->raised = true;
    host_functions_charge(process, start);
}

enum call_result function_call_continue(struct worker *visitor, struct guest_call *call)
{
    struct process *process = call->process;
    pthread_mutex_lock(&process->scheduler->lock);
    enum call_result result = CALL_ENDED;
    if (state_of(process) != PROCESS_EXITED)
        result = process->host->raised ? finish(call) : proceed(visitor, call);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* --- waiting, without it --------------------------------------------------------------------------------------------- */

/* False once the deadline has passed; *interrupted if a signal came. */
static bool sleep_while(_Atomic uint32_t *word, uint32_t value, struct deadline deadline, bool *interrupted)
{
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline.exists ? &deadline.at : NULL, NULL,
                          FUTEX_BITSET_MATCH_ANY);
    *interrupted = result < 0 && errno == EINTR;
    return result == 0 || errno != ETIMEDOUT;
}

static bool is_for_caller(uint32_t state)
{
    return state == PROCESS_IDLE || state == PROCESS_OUTSIDE || state == PROCESS_EXITED;
}

enum call_result function_call_wait(struct guest_call *call, struct deadline deadline, bool *interrupted)
{
    struct process *process = call->process;
    uint32_t state;
    bool in_time = true;
    *interrupted = false;
    atomic_fetch_add(&process->waiters, 1);
    while (in_time && !*interrupted && !is_for_caller(state = atomic_load(&process->state)))
        in_time = sleep_while(&process->state, state, deadline, interrupted);
    atomic_fetch_sub(&process->waiters, 1);
    pthread_mutex_lock(&process->scheduler->lock);
    enum call_result result = outcome(call);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

bool function_call_wait_for_turn(struct process *process, struct deadline deadline, bool *interrupted)
{
    bool in_time = true;
    *interrupted = false;
    pthread_mutex_lock(&process->scheduler->lock);
    uint32_t ended = atomic_load(&process->calls_ended);
    bool busy = process->caller && state_of(process) != PROCESS_EXITED;
    process->calls_waiting += busy;
    pthread_mutex_unlock(&process->scheduler->lock);
    if (!busy)
        return true;
    in_time = sleep_while(&process->calls_ended, ended, deadline, interrupted);
    pthread_mutex_lock(&process->scheduler->lock);
    process->calls_waiting--;
    pthread_mutex_unlock(&process->scheduler->lock);
    return in_time;
}
