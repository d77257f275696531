#define _GNU_SOURCE
#include "function_call.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call_frame.h"
#include "call_steps.h"
#include "clock.h"
#include "code_region.h"
#include "context.h"
#include "host_functions.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "visit.h"

bool function_find(const struct process *process, uint64_t code_offset, uintptr_t *address, uint32_t *stack_words)
{
    const struct code_region *region = process->region;
    const struct motte_claims *claims = &region->owned.claims;
    if (code_region_is_foreign(region)) {
        *address = region->base + code_offset;
        *stack_words = STACK_WORDS_UNKNOWN;
        return code_offset < region->code_size;
    }
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

/* --- on the calling thread ------------------------------------------------------------------------------------------- */

static bool is_over(enum call_result result)
{
    return result != CALL_GOES_ON && result != CALL_OUTSIDE;
}

enum call_result function_call_acquire(struct worker *visitor, struct guest_call *call)
{
    visit_interrupt(visitor);
    pthread_mutex_lock(&call->process->scheduler->lock);
    enum call_result result = call_acquire(visitor, call);
    pthread_mutex_unlock(&call->process->scheduler->lock);
    return result;
}

void function_call_release(struct guest_call *call)
{
    struct scheduler *scheduler = call->process->scheduler;
    if (call->raised)
        call_frame_restore_data_stack(call);
    pthread_mutex_lock(&scheduler->lock);
    call_release(call);
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
        call_frame_note_data_stack(call);
    if (result != CALL_RETURNED)
        return result;
    visit_interrupt(visitor);
    pthread_mutex_lock(&scheduler->lock);
    if (!call->acquired)
        result = call_acquire(visitor, call);
    if (result == CALL_RETURNED)
        result = call_begin(visitor, call);
    bool over = call->acquired && !keeps && is_over(result);
    if (over && !call->raised)
        call_release(call);
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
    bool proceeds = call_state(process) != PROCESS_EXITED && !process->host->raised;
    enum call_result result = proceeds ? call_proceed(visitor, call) : call_outcome(call);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* --- waiting ----------------------------------------------------------------------------------------------------------- */

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
    enum call_result result = call_outcome(call);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

bool function_call_wait_for_turn(struct process *process, struct deadline deadline, bool *interrupted)
{
    bool in_time = true;
    *interrupted = false;
    pthread_mutex_lock(&process->scheduler->lock);
    uint32_t ended = atomic_load(&process->calls_ended);
    bool busy = process->caller && call_state(process) != PROCESS_EXITED;
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
