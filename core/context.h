/* What lies right below a window: all of a process's state that is in no window and on no native stack while no worker
 * runs it.  The native stack's first bytes share its page, so that a process which waits keeps one page for both.
 *
 * A guest leaves for two reasons, and is resumed accordingly, by any worker:
 *   RESUME_IN_GATE         in a kernel call.  The guest's stack pointer and callee-saved registers are here, the
 *                          call's result too; every other register will be zero.
 *   RESUME_AT_INSTRUCTION  between two instructions of its own (preempted, faulted, or about to start).  All of its
 *                          registers are here.
 *   RESUME_CALL            at the start of a function that the host calls (function_call.h).  The registers that carry
 *                          arguments are here, and the stack pointer; every other register will be zero.
 *
 * One that does not run on until it is called has come back from such a function (RESUME_RETURNED): rax is in `result`, rdx
 * and the first two vector registers are where they would be saved.
 *
 * A guest cannot name these bytes: its addresses are 32 bits above W, its stack accesses lie inside its frames, and
 * the first of these ends where this begins (what the host enters has no arguments on the stack).
 */
#ifndef MOTTE_CONTEXT_H
#define MOTTE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "context_offsets.h"

struct process;

/* Exceptions masked, flags clear, round to nearest: what every guest runs with. */
#define GUEST_MXCSR 0x1f80

/* CF PF AF ZF SF OF: what a guest has computed; the rest of the flags is the host's business. */
#define ARITHMETIC_FLAGS UINT64_C(0x8d5)

enum { MXCSR_IN_VECTORS = 24, XMM_IN_VECTORS = CONTEXT_XMM - CONTEXT_VECTORS, XMM_SIZE = 16 };
enum { GENERAL_REGISTERS = 16, REGISTER_STACK = 4, REGISTER_ARGUMENT = 7, REGISTER_FUNCTION_POINTER = 10 };

struct context {
    struct process *process;
    uint64_t host_stack; /* of the worker that runs the process */
    uint32_t host_mxcsr; /* likewise */
    uint32_t guest_mxcsr;
    uint32_t resume;
    uint32_t reaches; /* 1: its program reaches checked blocks, and runs with an FS base of its own; constant, else 0 */
    /* RESUME_IN_GATE */
    uint64_t guest_stack; /* points at the return address of the kernel call */
    uint64_t rbx, rbp, r12, r13, r14, r15;
    int64_t result;
    /* RESUME_AT_INSTRUCTION */
    uint64_t registers[GENERAL_REGISTERS];
    uint64_t instruction; /* host address */
    uint64_t flags;
    /* Of a program that reaches checked blocks. */
    uint64_t reach;   /* the FS base that it runs with (exchange/reaches.h) */
    uint64_t host_fs; /* of the worker that runs the process */
    _Alignas(64) unsigned char vectors[VECTORS_SIZE];
};

#define ASSERT_OFFSET(offset, member) \
    _Static_assert((offset) == offsetof(struct context, member), "context_offsets.h: " #member)
ASSERT_OFFSET(CONTEXT_PROCESS, process);
ASSERT_OFFSET(CONTEXT_HOST_STACK, host_stack);
ASSERT_OFFSET(CONTEXT_HOST_MXCSR, host_mxcsr);
ASSERT_OFFSET(CONTEXT_GUEST_MXCSR, guest_mxcsr);
ASSERT_OFFSET(CONTEXT_RESUME, resume);
ASSERT_OFFSET(CONTEXT_REACHES, reaches);
ASSERT_OFFSET(CONTEXT_GUEST_STACK, guest_stack);
ASSERT_OFFSET(CONTEXT_RBX, rbx);
ASSERT_OFFSET(CONTEXT_RBP, rbp);
ASSERT_OFFSET(CONTEXT_R12, r12);
ASSERT_OFFSET(CONTEXT_R13, r13);
ASSERT_OFFSET(CONTEXT_R14, r14);
ASSERT_OFFSET(CONTEXT_R15, r15);
ASSERT_OFFSET(CONTEXT_RESULT, result);
ASSERT_OFFSET(CONTEXT_REGISTERS, registers);
ASSERT_OFFSET(CONTEXT_INSTRUCTION, instruction);
ASSERT_OFFSET(CONTEXT_FLAGS, flags);
ASSERT_OFFSET(CONTEXT_REACH, reach);
ASSERT_OFFSET(CONTEXT_HOST_FS, host_fs);
ASSERT_OFFSET(CONTEXT_VECTORS, vectors);
#undef ASSERT_OFFSET
_Static_assert(sizeof(struct context) == CONTEXT_SIZE, "context_offsets.h: the window begins where it ends");

#endif
