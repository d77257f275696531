#include "keeping.h"

#include <errno.h>
#include <sys/syscall.h>

#include "bank.h"
#include "clock.h"
#include "code_region.h"
#include "context.h"
#include "events.h"
#include "faults.h"
#include "gates.h"
#include "ipc/transfer.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "trace.h"

/* --- asking --------------------------------------------------------------------------------------------------------- */

static bool somebody_listens(const struct process *process, enum event_kind kind)
{
    return atomic_load_explicit(&process->wanted_events, memory_order_relaxed) & kind;
}

bool keeping_is_kept(const struct process *process)
{
    return somebody_listens(process, EVENT_FAULT);
}

bool keeping_may_retry(const struct process *process)
{
    return keeping_is_kept(process) || (somebody_listens(process, EVENT_BANK) && bank_is_kept(process->bank));
}

/* Inside a shape (the check and the call of a function pointer, say) registers have been checked already.  Whoever may
 * change them sees the process at the shape's first instruction, and there it goes on: shapes can be restarted.
 *
 * This walks the whole function again, in the process's own turn and at its cost. */
static bool stand_at_unit(struct process *process)
{
    const struct code_region *region = process->region;
    struct motte_place place;
    process->question.next = 0;
    if (code_region_is_foreign(region)) /* nobody has walked it */
        return true;
    if (motte_find_place(&region->owned.claims, process->place.code_offset, &place) != 0)
        return false;
    slot_context(process->slot)->instruction = region->base + place.unit;
    process->place.code_offset = place.unit;
    process->question.next = process->place.fault == MOTTE_FAULT_NATIVE_STACK_OVERFLOW ? 0 : place.next;
    return true;
}

/* Where a bank has refused a stack, that bank's keeper comes first. */
void keeping_fault(struct process *process, int32_t stop_value)
{
    struct question *question = &process->question;
    bool bank_first = stop_value && question->ask == ASK_BANK;
    question->stop_value = stop_value;
    if (keeping_is_kept(process) ? !stand_at_unit(process) : !bank_first)
        process_stop(process, MOTTE_STOP_FAULTED, stop_value);
    else if (!bank_first)
        question->ask = ASK_FAULT;
}

void keeping_call_fault(struct process *process)
{
    process->place.in_guest = false;
    process->question.stop_value = 0;
    if (keeping_is_kept(process))
        process->question.ask = ASK_FAULT;
    else
        process_stop(process, MOTTE_STOP_FAULTED, 0);
}

void keeping_access(struct process *process, int64_t address, bool writes)
{
    if (!keeping_is_kept(process) || process->question.ask != ASK_NOTHING)
        return;
    process->question.ask = ASK_ACCESS;
    process->place.in_guest = false;
    process->place.fault = fault_at_address(process, address);
    process->place.has_access = true;
    process->place.access = writes ? ACCESS_WRITE : ACCESS_READ;
    process->place.address = address;
}

/* Pages that a keeper supplies are charged, too, on that keeper's thread: it hears of a refusal itself. */
void keeping_refused(struct process *process, struct bank *bank, uint64_t pages)
{
    struct question *question = &process->question;
    process->refused_pages = pages;
    process->refused_by = bank_identity(bank);
    if (atomic_load(&process->state) == PROCESS_FAULTED) {
        question->refused_by = bank_identity(bank);
    } else if (bank_has_keeper(bank) && somebody_listens(process, EVENT_BANK)) {
        question->ask = ASK_BANK;
        question->bank = bank_identity(bank);
        question->pages = pages;
    }
}

void keeping_charged(struct process *process)
{
    struct question *question = &process->question;
    if (question->ask == ASK_BANK && atomic_load(&process->state) != PROCESS_FAULTED)
        question->ask = ASK_NOTHING;
}

/* brk fails without an error number; all others are negative. */
static bool has_failed(const struct question *question, uint32_t call, const uint64_t arguments[6], int64_t result)
{
    bool is_system_call = call == MOTTE_CALL_SYSCALL || call == MOTTE_CALL_SYSCALL6;
    switch (question->ask) {
    case ASK_FAULT:
        return true;
    case ASK_BANK:
        return result < 0 || (is_system_call && arguments[0] == SYS_brk);
    default:
        return result == -EFAULT;
    }
}

static void keep_call(struct question *question, uint32_t call, const uint64_t arguments[6])
{
    question->call = call;
    for (int i = 0; i < 6; i++)
        question->arguments[i] = arguments[i];
}

void keeping_repeat_call(struct process *process, uint32_t call, const uint64_t arguments[6])
{
    process->question.ask = ASK_NOTHING;
    process->question.again = true;
    keep_call(&process->question, call, arguments);
}

void keeping_end_call(struct process *process, uint32_t call, const uint64_t arguments[6], int64_t result)
{
    struct question *question = &process->question;
    if (!has_failed(question, call, arguments, result) || process_stop_requested(process)) {
        question->ask = ASK_NOTHING;
        return;
    }
    question->in_call = true;
    keep_call(question, call, arguments);
    process_set_attention(process, true);
}

void keeping_call_again(struct process *process)
{
    struct question *question = &process->question;
    uint64_t arguments[6];
    for (int i = 0; i < 6; i++)
        arguments[i] = question->arguments[i];
    question->again = false;
    atomic_store(&process->wake, WAKE_NOT_WANTED);
    process_set_attention(process, true); /* it is in no gate, and cannot lend its turn (ipc): the turn ends soon */
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
    const struct question *question = &process->question;
    if (question->in_call)
        return 0;
    if (question->ask != ASK_FAULT || !question->next)
        return -EINVAL;
    slot_context(process->slot)->instruction = process->region->base + question->next;
    return 0;
}

/* What a question that nobody answers comes to. A call that failed goes on with its result. */
static void decline(struct process *process)
{
    struct question *question = &process->question;
    if (!question->in_call || question->ask == ASK_FAULT)
        process_end_for(process, MOTTE_STOP_FAULTED, question->stop_value);
}

/* A stack that no bank pays for is a fault like any other, for the process's own keeper. */
static bool asks_next(struct process *process)
{
    struct question *question = &process->question;
    if (question->ask != ASK_BANK || question->in_call || !keeping_is_kept(process))
        return false;
    question->ask = ASK_FAULT;
    question->number++;
    event_post(process, EVENT_FAULT);
    return true;
}

int keeping_answer(struct process *process, uint64_t number, enum answer answer, uint64_t cost_ns)
{
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    int result = is_open(process, number) ? 0 : -ESTALE;
    if (!result && answer == ANSWER_SKIP)
        result = skip(process);
    if (!result)
        process->owed += ns_to_ticks(cost_ns);
    if (!result && !(answer == ANSWER_DECLINE && asks_next(process))) {
        process->answered = true;
        trace_event(scheduler, TRACE_ANSWERED, process->identity, answer, 0);
        process->question.again = answer == ANSWER_RETRY && process->question.in_call;
        if (answer == ANSWER_DECLINE)
            decline(process);
        process->question.ask = ASK_NOTHING;
        if (!process_stop_requested(process)) {
            scheduler_ready(process);
            schedule(scheduler, NULL);
        }
    }
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

int keeping_set_register(struct process *process, uint64_t number, unsigned which, uint64_t value)
{
    pthread_mutex_lock(&process->scheduler->lock);
    struct context *context = slot_context(process->slot);
    int result = is_open(process, number) ? 0 : -ESTALE;
    bool at_instruction = process->question.ask == ASK_FAULT && !process->question.in_call;
    if (!result && (!at_instruction || which == REGISTER_STACK || which >= SETTABLE_REGISTERS))
        result = -EINVAL;
    if (!result && which == SET_FLAGS)
        context->flags = (context->flags & ~ARITHMETIC_FLAGS) | (value & ARITHMETIC_FLAGS);
    else if (!result)
        context->registers[which] = value;
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}
