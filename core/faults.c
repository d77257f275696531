#define _GNU_SOURCE
#include "faults.h"

#include <stdint.h>

#include "aligned_access.h"
#include "code_region.h"
#include "interrupted.h"
#include "panic.h"
#include "process.h"
#include "slot.h"
#include "stack_growth.h"
#include "switch.h"

/* The CPU's exception numbers (REG_TRAPNO), and bits of a page fault's error code (REG_ERR). */
enum { TRAP_GENERAL_PROTECTION = 13, TRAP_PAGE_FAULT = 14 };
enum { ERROR_WRITE = 1 << 1, ERROR_FETCH = 1 << 4 };

static bool is_page_fault(int number, const ucontext_t *state)
{
    return number == SIGSEGV && state->uc_mcontext.gregs[REG_TRAPNO] == TRAP_PAGE_FAULT;
}

static enum guest_access access_of(const ucontext_t *state)
{
    uint64_t error = (uint64_t)state->uc_mcontext.gregs[REG_ERR];
    if (error & ERROR_FETCH)
        return ACCESS_EXECUTE;
    return error & ERROR_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* --- copies of guest memory, on any thread ----------------------------------------------------------------------- */

/* The copying instructions hold the window in r8. Nothing that they touch lies outside it, but for the host's own
 * buffer: a fault there is a bug of ours. */
static enum fault_outcome fault_in_copy(struct process *process, int number, const siginfo_t *information,
                                        const ucontext_t *state)
{
    uintptr_t window = (uintptr_t)state->uc_mcontext.gregs[REG_R8], address = (uintptr_t)information->si_addr;
    require(address - window < MOTTE_WINDOW_SIZE, "a copy of guest memory left its window");
    if (process && slot_window(process->slot) == window && is_page_fault(number, state)
        && stack_grow(process, address) == STACK_GROWN)
        return FAULT_REPEAT;
    return FAULT_FAIL_COPY;
}

/* --- the guest's own faults -------------------------------------------------------------------------------------- */

static void record_access(struct process *process, enum guest_access access, uint64_t address)
{
    process->place.has_access = true;
    process->place.access = access;
    process->place.address = (int64_t)address;
}

static enum motte_fault classify_address(const struct process *process, uintptr_t address)
{
    uintptr_t window = slot_window(process->slot);
    if (address < window)
        return MOTTE_FAULT_NATIVE_STACK_OVERFLOW;
    uint64_t offset = address - window;
    if (offset < MOTTE_NULL_GUARD_END)
        return MOTTE_FAULT_NULL_PAGE;
    if (process->window.reserved_low <= offset && offset < process->window.reserved_high)
        return MOTTE_FAULT_DATA_STACK_OVERFLOW;
    uint64_t page = offset / MOTTE_PAGE_SIZE;
    const struct area *area = areas_find(&process->window.areas, (uint32_t)page);
    bool readable = offset < MOTTE_WINDOW_SIZE && area && area->start <= page && area->protection != WINDOW_NO_ACCESS;
    return readable ? MOTTE_FAULT_READ_ONLY : MOTTE_FAULT_UNMAPPED;
}

static enum motte_fault classify_protection(struct process *process, const ucontext_t *state)
{
    static const int encoding_order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    uint64_t registers[16];
    for (int i = 0; i < 16; i++)
        registers[i] = (uint64_t)state->uc_mcontext.gregs[encoding_order[i]];

    struct aligned_access access;
    uintptr_t address = instruction(state);
    size_t available = process->region->base + process->region->code_size - address;
    if (!aligned_access_decode((const uint8_t *)address, available, registers, &access))
        return MOTTE_FAULT_GENERAL_PROTECTION;
    record_access(process, access.writes ? ACCESS_WRITE : ACCESS_READ,
                  access.address - (access.in_window ? 0 : slot_window(process->slot)));
    return MOTTE_FAULT_MISALIGNED;
}

static enum motte_fault classify_illegal(const struct process *process, const ucontext_t *state)
{
    const struct code_region *region = process->region;
    return offsets_contain(region->traps, region->trap_count, instruction(state) - region->base)
             ? MOTTE_FAULT_BAD_INDIRECT_CALL
             : MOTTE_FAULT_ILLEGAL_INSTRUCTION;
}

static enum motte_fault classify(struct process *process, int number, const siginfo_t *information,
                                 const ucontext_t *state)
{
    switch (number) {
    case SIGFPE:
        return MOTTE_FAULT_DIVIDE;
    case SIGILL:
        return classify_illegal(process, state);
    case SIGBUS:
        return information->si_code == BUS_ADRALN ? MOTTE_FAULT_MISALIGNED : MOTTE_FAULT_GENERAL_PROTECTION;
    default:
        return is_page_fault(number, state) ? classify_address(process, (uintptr_t)information->si_addr)
                                            : classify_protection(process, state);
    }
}

void fault_record_place(struct process *process, const ucontext_t *state)
{
    static const int order[SHOWN_REGISTERS] = {
        REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8,
        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_EFL,
    };
    const uint64_t arithmetic_flags = 0x8d5; /* CF PF AF ZF SF OF: the rest is the host's business */
    struct stop_place *place = &process->place;
    place->in_guest = true;
    place->code_offset = instruction(state) - process->region->base;
    place->stack = (uint64_t)state->uc_mcontext.gregs[REG_RSP];
    for (int i = 0; i < SHOWN_REGISTERS; i++)
        place->registers[i] = (uint64_t)state->uc_mcontext.gregs[order[i]];
    place->registers[SHOWN_REGISTERS - 1] &= arithmetic_flags;
}

static enum fault_outcome fault_in_guest(struct process *process, int number, const siginfo_t *information,
                                         const ucontext_t *state)
{
    enum stack_growth growth = STACK_ELSEWHERE;
    process_count(&process->faults);
    if (is_page_fault(number, state)) {
        growth = stack_grow(process, (uintptr_t)information->si_addr);
        if (growth == STACK_GROWN)
            return FAULT_REPEAT;
        record_access(process, access_of(state), (uintptr_t)information->si_addr - slot_window(process->slot));
    }
    process->place.fault = classify(process, number, information, state);
    fault_record_place(process, state);
    process_stop(process, MOTTE_STOP_FAULTED, growth == STACK_REFUSED);
    return FAULT_LEAVE_GUEST;
}

enum fault_outcome fault_handle(struct process *process, int number, const siginfo_t *information,
                                const ucontext_t *state)
{
    uintptr_t address = instruction(state);
    if (between(address, guest_copy_access, guest_copy_accessed)
        || between(address, guest_clear_access, guest_clear_accessed))
        return fault_in_copy(process, number, information, state);
    if (process && code_region_contains(process->region, address))
        return fault_in_guest(process, number, information, state);
    return FAULT_NOT_OURS;
}
