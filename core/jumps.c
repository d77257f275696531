#include "jumps.h"

#include "code_region.h"
#include "context.h"
#include "frames.h"
#include "guest_memory.h"
#include "process.h"
#include "slot.h"

/* As the guest's C library lays out its jmp_buf. */
struct jump_buffer {
    uint64_t rbx, rbp, r12, r13, r14, r15;
    uint64_t token;      /* offset of the call site << 32 | bytes from the stack pointer there up to the stack's top */
    uint64_t data_stack; /* the C library's own */
};

_Static_assert(sizeof(struct jump_buffer) == 8 * sizeof(uint64_t), "musl's jmp_buf has eight words");

static int64_t fault(struct process *process, enum motte_fault fault, enum guest_access access, guest_addr buffer)
{
    process->place.fault = fault;
    process->place.has_access = true;
    process->place.access = access;
    process->place.address = buffer.value;
    keeping_call_fault(process);
    return 0;
}

/* A page that a keeper may supply is as good as one that is there. */
static int64_t fault_of_copy(struct process *process, enum guest_access access, guest_addr buffer)
{
    if (process->question.ask != ASK_ACCESS)
        return fault(process, MOTTE_FAULT_KERNEL_CALL_MISUSE, access, buffer);
    keeping_call_fault(process);
    return 0;
}

/* int motte_setjmp(struct jump_buffer *buffer): called in the place of a return, so that the return address is that
 * of the call of setjmp, and the callee-saved registers are those of its caller. */
int64_t call_setjmp(struct process *process, const uint64_t arguments[6])
{
    if (code_region_is_foreign(process->region))
        return fault(process, MOTTE_FAULT_KERNEL_CALL_MISUSE, ACCESS_WRITE, guest_addr_from_register(arguments[0]));
    const struct context *context = slot_context(process->slot);
    guest_addr buffer = guest_addr_from_register(arguments[0]);
    uint64_t site = *(const uint64_t *)context->guest_stack - process->region->base;
    uint64_t depth = slot_stack_top(process->slot) - (context->guest_stack + sizeof(uint64_t));
    const struct jump_buffer saved = {
        .rbx = context->rbx,
        .rbp = context->rbp,
        .r12 = context->r12,
        .r13 = context->r13,
        .r14 = context->r14,
        .r15 = context->r15,
        .token = site << 32 | depth,
    };
    if (copy_out(process, buffer, &saved, offsetof(struct jump_buffer, data_stack)))
        return 0;
    return fault_of_copy(process, ACCESS_WRITE, buffer);
}

/* Whether a frame of the function of `claimed` is live whose own return address lies at `claimed_end`.  The largest stack
 * has eight million frames: a walk takes no longer than other calls of the kernel. */
static bool is_live(const struct process *process, const struct motte_call_site *claimed, uintptr_t claimed_end)
{
    uintptr_t slot = slot_context(process->slot)->guest_stack;
    for (;;) {
        const struct motte_call_site *site = frames_at(process, slot);
        if (!site)
            return false;
        slot = frames_next(slot, site);
        if (slot >= claimed_end)
            return slot == claimed_end && site->function == claimed->function;
    }
}

/* void motte_longjmp(const struct jump_buffer *buffer, int value): never returns to its caller. */
int64_t call_longjmp(struct process *process, const uint64_t arguments[6])
{
    struct context *context = slot_context(process->slot);
    guest_addr buffer = guest_addr_from_register(arguments[0]);
    struct jump_buffer claimed;
    if (!copy_in(process, &claimed, buffer, sizeof claimed))
        return fault_of_copy(process, ACCESS_READ, buffer);

    uint64_t claimed_depth = (uint32_t)claimed.token;
    const struct motte_call_site *site = frame_map_site(&process->region->frames, claimed.token >> 32);
    uintptr_t claimed_stack = slot_stack_top(process->slot) - claimed_depth, slot = claimed_stack - sizeof(uint64_t);
    if (!site || !is_live(process, site, claimed_stack + site->height))
        return fault(process, MOTTE_FAULT_BAD_LONG_JUMP, ACCESS_READ, buffer);
    /* Where the setjmp's return address was, in a page that its call mapped; below a live frame, so nobody's now. */
    if (slot < process->native_stack_low)
        return fault(process, MOTTE_FAULT_BAD_LONG_JUMP, ACCESS_READ, buffer);

    *(uint64_t *)slot = process->region->base + site->return_offset;
    context->guest_stack = slot;
    context->rbx = claimed.rbx;
    context->rbp = claimed.rbp;
    context->r12 = claimed.r12;
    context->r13 = claimed.r13;
    context->r14 = claimed.r14;
    context->r15 = claimed.r15;
    int32_t value = (int32_t)arguments[1];
    return value ? value : 1;
}
