/* The page below a window: what the gates need while GS base is all that is left of the host.
 *
 * A guest cannot name it: its addresses are 32 bits above W, its stack accesses lie inside its frames.
 */
#ifndef MOTTE_CONTEXT_H
#define MOTTE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "context_offsets.h"

struct process;

/* Exceptions masked, flags clear, round to nearest: what every guest runs with. */
#define GUEST_MXCSR 0x1f80

struct context {
    struct process *process;
    uint64_t host_stack; /* of the worker that runs the process */
    uint64_t host_gs_base;
    uint32_t host_mxcsr;
    uint32_t guest_mxcsr;
    /* The guest's state while it is inside a gate. */
    uint64_t guest_stack; /* points at the return address of the kernel call */
    uint64_t rbx, rbp, r12, r13, r14, r15;
    /* Used once, by guest_enter. */
    uint64_t entry;
    uint64_t entry_argument;
};

#define ASSERT_OFFSET(offset, member) \
    _Static_assert((offset) == offsetof(struct context, member), "context_offsets.h: " #member)
ASSERT_OFFSET(CONTEXT_PROCESS, process);
ASSERT_OFFSET(CONTEXT_HOST_STACK, host_stack);
ASSERT_OFFSET(CONTEXT_HOST_GS_BASE, host_gs_base);
ASSERT_OFFSET(CONTEXT_HOST_MXCSR, host_mxcsr);
ASSERT_OFFSET(CONTEXT_GUEST_MXCSR, guest_mxcsr);
ASSERT_OFFSET(CONTEXT_GUEST_STACK, guest_stack);
ASSERT_OFFSET(CONTEXT_RBX, rbx);
ASSERT_OFFSET(CONTEXT_RBP, rbp);
ASSERT_OFFSET(CONTEXT_R12, r12);
ASSERT_OFFSET(CONTEXT_R13, r13);
ASSERT_OFFSET(CONTEXT_R14, r14);
ASSERT_OFFSET(CONTEXT_R15, r15);
ASSERT_OFFSET(CONTEXT_ENTRY, entry);
ASSERT_OFFSET(CONTEXT_ENTRY_ARGUMENT, entry_argument);
#undef ASSERT_OFFSET
_Static_assert(sizeof(struct context) <= CONTEXT_SIZE, "one page");

#endif
