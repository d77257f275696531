#include "keeping.h"

#include <errno.h>

#include "bank.h"
#include "code_region.h"
#include "context.h"
#include "events.h"
#include "gates.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"

/* --- asking --------------------------------------------------------------------------------------------------------- */

static bool somebody_listens(const struct process *process, enum event_kind kind)
{
    return atomic_load_explicit(&process->wanted_events, memory_order_relaxed) & kind;
}

bool keeping_is_kept(const struct process *process)
{
    return somebody_listens(process, EVENT_FAULT);
}

void keeping_fault(struct process *process, int32_t stop_value)
{
    if (!keeping_is_kept(process)) {
        process_stop(process, MOTTE_STOP_FAULTED, stop_value);
        return;
    }
    process->question.ask = ASK_FAULT;
    process->question.stop_value = stop_value;
}

void keeping_access(struct process *process, int64_t address, bool writes)
{
    if (!keeping_is_kept(process) || process->question.ask != ASK_NOTHING)
        return;
    process->question.ask = ASK_ACCESS;
    process->place.fault = MOTTE_FAULT_UNMAPPED;
    process->place.has_access = true;
    process->place.access = writes ? ACCESS_WRITE : ACCESS_READ;
    process->place.address = address;
}

void keeping_refused(struct process *process, struct bank *bank, uint64_t pages)
{
    if (!bank_has_keeper(bank) || !somebody_listens(process, EVENT_BANK))
        return;
    process->question.ask = ASK_BANK;
    process->question.bank = bank_identity(bank);
    process->question.pages = pages;
}

/* brk fails without an error number, so that a refused charge counts whatever the result. */
void keeping_end_call(struct process *process, uint32_t call, const uint64_t arguments[6], int64_t result)
{
    struct question *question = &process->question;
    bool failed = question->ask == ASK_FAULT || question->ask == ASK_BANK || result == -EFAULT;
    if (!failed || process_stop_requested(process)) {
        question->ask = ASK_NOTHING;
        return;
    }
    question->in_call = true;
    question->call = call;
    for (int i = 0; i < 6; i++)
        question->arguments[i] = arguments[i];
    process_set_attention(process, true);
}

void keeping_call_again(struct process *process)
{
    struct question *question = &process->question;
    uint64_t arguments[6];
    for (int i = 0; i < 6; i++)
        arguments[i] = question->arguments[i];
    question->again = false;
    slot_context(process->slot)->result = motte_kernel_call(process, question->call, arguments);
}

/* --- answering ------------------------------------------------------------------------------------------------------ */

static bool is_open(const struct process *process, uint64_t number)
{
    return atomic_load(&process->state) == PROCESS_FAULTED && process->question.number == number && !process->answered;
}

int keeping_hold(struct process *process, uint64_t number)
{
    pthread_mutex_lock(&process->scheduler->lock);
    bool open = is_open(process, number);
    process->holders += open;
    pthread_mutex_unlock(&process->scheduler->lock);
    return open ? 0 : -ESTALE;
}

void keeping_release(struct process *process)
{
    pthread_mutex_lock(&process->scheduler->lock);
    if (--process->holders == 0)
        pthread_cond_broadcast(&process->scheduler->released);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* Control may go on only where the verifier knows the same height of the stack. */
static int skip(struct process *process)
{
    if (process->question.in_call)
        return 0;
    struct context *context = slot_context(process->slot);
    const struct code_region *region = process->region;
    struct motte_place place;
    if (motte_find_place(&region->owned.claims, context->instruction - region->base, &place) != 0 || !place.next)
        return -EINVAL;
    context->instruction = region->base + place.next;
    return 0;
}

/* What a question that nobody answers comes to. A call that failed goes on with its result. */
static void decline(struct process *process)
{
    struct question *question = &process->question;
    if (!question->in_call || question->ask == ASK_FAULT)
        process_end_for(process, MOTTE_STOP_FAULTED, question->stop_value);
}

int keeping_answer(struct process *process, uint64_t number, enum answer answer)
{
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    int result = is_open(process, number) ? 0 : -ESTALE;
    if (!result && answer == ANSWER_SKIP)
        result = skip(process);
    if (!result) {
        process->answered = true;
        process->question.again = answer == ANSWER_RETRY && process->question.in_call;
        if (answer == ANSWER_DECLINE)
            decline(process);
        process->question.ask = ASK_NOTHING;
        if (!process_stop_requested(process)) {
            scheduler_ready(process);
            schedule(scheduler, NULL);
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

int keeping_set_register(struct process *process, uint64_t number, unsigned which, uint64_t value)
{
    const uint64_t arithmetic_flags = 0x8d5; /* CF PF AF ZF SF OF */
    pthread_mutex_lock(&process->scheduler->lock);
    struct context *context = slot_context(process->slot);
    int result = is_open(process, number) ? 0 : -ESTALE;
    if (!result && (context->resume != RESUME_AT_INSTRUCTION || which == REGISTER_STACK || which >= SETTABLE_REGISTERS))
        result = -EINVAL;
    if (!result && which == SET_FLAGS)
        context->flags = (context->flags & ~arithmetic_flags) | (value & arithmetic_flags);
    else if (!result)
        context->registers[which] = value;
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}
