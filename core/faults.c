/* Faults: caught in a signal handler, settled outside of it.
 *
 * A handler may do next to nothing.  So it writes down what the CPU said and all of the guest's registers, and leaves the
 * guest; everything that asks for locks, memory or judgement happens then, on the worker's own stack, and the guest
 * is resumed at the same instruction if the cause is gone.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <stdint.h>

#include "aligned_access.h"
#include "code_region.h"
#include "context.h"
#include "context_save.h"
#include "exchange/reaches.h"
#include "interrupted.h"
#include "panic.h"
#include "process.h"
#include "slot.h"
#include "stack_growth.h"
#include "switch.h"
#include "worker.h"

/* The CPU's exception numbers (REG_TRAPNO), and bits of a page fault's error code (REG_ERR). */
enum { TRAP_PAGE_FAULT = 14 };
enum { ERROR_WRITE = 1 << 1, ERROR_FETCH = 1 << 4 };

/* --- in the handler -------------------------------------------------------------------------------------------------- */

void fault_save_guest(struct process *process, const ucontext_t *state)
{
    require(context_save(slot_context(process->slot), state),
            "the kernel does not save vector registers in a signal frame");
}

/* The copying instructions hold the window in r8. Nothing that they touch lies outside it, but for the host's own
 * buffer: a fault there is a bug of ours. */
static enum fault_outcome fault_in_copy(struct worker *worker, const siginfo_t *information, const ucontext_t *state)
{
    uintptr_t window = (uintptr_t)state->uc_mcontext.gregs[REG_R8], address = (uintptr_t)information->si_addr;
    require(address - window < MOTTE_WINDOW_SIZE, "a copy of guest memory left its window");
    if (worker) {
        worker->copy_fault.address = address;
        worker->copy_fault.writes = (uint64_t)state->uc_mcontext.gregs[REG_ERR] & ERROR_WRITE;
    }
    return FAULT_FAIL_COPY;
}

enum fault_outcome fault_catch(struct worker *worker, int number, const siginfo_t *information,
                               const ucontext_t *state)
{
    uintptr_t address = instruction(state);
    if (between(address, guest_copy_access, guest_copy_accessed)
        || between(address, guest_clear_access, guest_clear_accessed))
        return fault_in_copy(worker, information, state);
    struct process *process = worker ? atomic_load_explicit(&worker->process, memory_order_relaxed) : NULL;
    if (!process || !code_region_contains(process->region, address))
        return FAULT_NOT_OURS;
    process->trap = (struct trap){
        .pending = true,
        .signal = number,
        .code = information->si_code,
        .number = (uint64_t)state->uc_mcontext.gregs[REG_TRAPNO],
        .error = (uint64_t)state->uc_mcontext.gregs[REG_ERR],
        .address = (uintptr_t)information->si_addr,
    };
    fault_save_guest(process, state);
    return FAULT_LEAVE_GUEST;
}

/* --- outside of it ----------------------------------------------------------------------------------------------------- */

static bool is_page_fault(const struct trap *trap)
{
    return trap->signal == SIGSEGV && trap->number == TRAP_PAGE_FAULT;
}

static enum guest_access access_of(const struct trap *trap)
{
    if (trap->error & ERROR_FETCH)
        return ACCESS_EXECUTE;
    return trap->error & ERROR_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* What the guest's own address was counted from. */
static uintptr_t base_of(const struct process *process, uintptr_t address)
{
    return reaches_contain(address) ? slot_context(process->slot)->reach : slot_window(process->slot);
}

static void record_access(struct process *process, enum guest_access access, uint64_t address)
{
    process->place.has_access = true;
    process->place.access = access;
    process->place.address = (int64_t)address;
}

enum motte_fault fault_at_address(const struct process *process, int64_t address)
{
    if (address < 0)
        return MOTTE_FAULT_NATIVE_STACK_OVERFLOW;
    uint64_t offset = (uint64_t)address;
    if (offset < MOTTE_NULL_GUARD_END)
        return MOTTE_FAULT_NULL_PAGE;
    if (process->window.reserved_low <= offset && offset < process->window.reserved_high)
        return MOTTE_FAULT_DATA_STACK_OVERFLOW;
    uint64_t page = offset / MOTTE_PAGE_SIZE;
    const struct area *area = areas_find(&process->window.areas, (uint32_t)page);
    bool readable = offset < MOTTE_WINDOW_SIZE && area && area->start <= page && area->protection != WINDOW_NO_ACCESS;
    return readable ? MOTTE_FAULT_READ_ONLY : MOTTE_FAULT_UNMAPPED;
}

static enum motte_fault classify_protection(struct process *process)
{
    const struct context *context = slot_context(process->slot);
    struct aligned_access access;
    uintptr_t address = context->instruction;
    size_t available = process->region->base + process->region->code_size - address;
    if (code_region_is_foreign(process->region) || !code_region_contains(process->region, address)
        || !aligned_access_decode((const uint8_t *)address, available, context->registers, &access))
        return MOTTE_FAULT_GENERAL_PROTECTION;
    if (access.in_block)
        return MOTTE_FAULT_MISALIGNED; /* its address would be taken for one in the window */
    record_access(process, access.writes ? ACCESS_WRITE : ACCESS_READ,
                  access.address - (access.in_window ? 0 : slot_window(process->slot)));
    return MOTTE_FAULT_MISALIGNED;
}

static enum motte_fault classify_illegal(const struct process *process)
{
    const struct code_region *region = process->region;
    uint64_t offset = slot_context(process->slot)->instruction - region->base;
    return offsets_contain(region->traps, region->trap_count, offset) ? MOTTE_FAULT_BAD_INDIRECT_CALL
                                                                      : MOTTE_FAULT_ILLEGAL_INSTRUCTION;
}

static enum motte_fault classify_access(const struct process *process)
{
    uintptr_t address = process->trap.address;
    return reaches_contain(address) ? MOTTE_FAULT_CHECKED_BLOCK
                                    : fault_at_address(process, (int64_t)(address - slot_window(process->slot)));
}

static enum motte_fault classify(struct process *process)
{
    const struct trap *trap = &process->trap;
    switch (trap->signal) {
    case SIGFPE:
        return MOTTE_FAULT_DIVIDE;
    case SIGILL:
        return classify_illegal(process);
    case SIGSYS:
        record_access(process, ACCESS_EXECUTE, (uint64_t)trap->system_call);
        return MOTTE_FAULT_SYSTEM_CALL;
    case SIGBUS:
        return trap->code == BUS_ADRALN ? MOTTE_FAULT_MISALIGNED : MOTTE_FAULT_GENERAL_PROTECTION;
    default:
        return is_page_fault(trap) ? classify_access(process) : classify_protection(process);
    }
}

bool fault_settle(struct process *process)
{
    struct trap *trap = &process->trap;
    enum stack_growth growth = STACK_ELSEWHERE;
    process_count(&process->faults);
    process->place.has_access = false;
    if (is_page_fault(trap)) {
        growth = stack_grow(process, trap->address);
        if (growth == STACK_GROWN) {
            trap->pending = false;
            return true;
        }
        record_access(process, access_of(trap), trap->address - base_of(process, trap->address));
    }
    trap->pending = false;
    process->question.in_call = false;
    process_note_place(process);
    process->place.fault = classify(process);
    keeping_fault(process, growth == STACK_REFUSED);
    return false;
}
