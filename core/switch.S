/* Crossing between guest and host.
 *
 * The problem.  A guest and the host share a thread.  Whatever the host leaves in a register is seen by the guest;
 * whatever the guest leaves in one may mislead the host; and a signal may arrive between any two instructions.
 *
 * The rules here.
 *   - GS base is the window while a process runs, gates included, so %gs:-CONTEXT_SIZE is its context.  Nothing on
 *     this side may touch the guest's stack except the `ret` that goes back through the return address which the
 *     guest's own `call` pushed (a verified guest cannot alter it, and the page is mapped since it was just written).
 *   - FS base is the host's, but while a guest runs that reaches checked blocks (exchange/reaches.h): such a guest has entries
 *     and gates of its own, which set it last and put it back first.  For signals in between see
 *     signal_entries.S.
 *   - Towards the guest, a register holds a result, zero, or the guest's own earlier value.
 *   - Towards the host, DF is clear, MXCSR is the host's, vector state is clean (vzeroupper).
 *   - A request for the process's attention (it must stop, or another's turn has come) must not be lost.  The way to
 *     the guest looks at the flag last; the instructions between this look and the guest [*_check, *_checked) are
 *     known to the signal handler, which sends a thread that it finds there to guest_leave.  All of them may be cut
 *     short anywhere: they change nothing in the context.
 *
 * No instruction here can fault: contexts and host stacks are always mapped.
 */
#include "switch_macros.h"

    .text

/* Zeroes all vector registers, masks included. Clobbers flags. */
.macro CLEAR_VECTORS
    cmpl $1, motte_vector_level(%rip)
    jb 1f
    vzeroall                            /* zmm0-15, whole */
    je 2f
    .irp register, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpxord %zmm\register, %zmm\register, %zmm\register
    .endr
    .irp register, 0,1,2,3,4,5,6,7
    kxorw %k\register, %k\register, %k\register
    .endr
    jmp 2f
1:
    .irp register, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    xorps %xmm\register, %xmm\register
    .endr
2:
.endm

/* Spares the host's SSE code the price of dirty upper halves. Clobbers flags. */
.macro CLEAN_UPPER_HALVES
    cmpl $0, motte_vector_level(%rip)
    je 1f
    vzeroupper
1:
.endm

/* void guest_enter(struct context *context: rdi, uintptr_t window: rsi)
 *
 * Saves the host's callee-saved registers on the host's stack and the stack pointer in the context, and resumes the
 * guest as the context says. Returns through guest_leave; C jumps here, with the address for that on the stack.  The host
 * uses no GS base, so that it stays the window's. */
FUNCTION guest_enter
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, CONTEXT_HOST_STACK(%rdi)
    wrgsbase %rsi
    cmpq $0, motte_reach_groups(%rip)
    jne enter_where_some_reach          /* always, once there are such programs */
enter_plain:
    cmpl $RESUME_IN_GATE, CONTEXT_RESUME(%rdi)
    je return_from_gate
    cmpl $RESUME_AT_INSTRUCTION, CONTEXT_RESUME(%rdi)
    jne called
enter_at_instruction:
    movl $VECTOR_COMPONENTS, %eax
    xorl %edx, %edx
    xrstor64 CONTEXT_VECTORS(%rdi)      /* MXCSR, too */
LABEL guest_enter_check
    movq GS(CONTEXT_PROCESS), %rax
    cmpl $0, PROCESS_ATTENTION(%rax)
    jne guest_leave
    pushq GS(CONTEXT_FLAGS)
    popfq
    movq GS(CONTEXT_REGISTERS + 8 * 0), %rax
    movq GS(CONTEXT_REGISTERS + 8 * 1), %rcx
    movq GS(CONTEXT_REGISTERS + 8 * 2), %rdx
    movq GS(CONTEXT_REGISTERS + 8 * 3), %rbx
    movq GS(CONTEXT_REGISTERS + 8 * 5), %rbp
    movq GS(CONTEXT_REGISTERS + 8 * 6), %rsi
    movq GS(CONTEXT_REGISTERS + 8 * 7), %rdi
    movq GS(CONTEXT_REGISTERS + 8 * 8), %r8
    movq GS(CONTEXT_REGISTERS + 8 * 9), %r9
    movq GS(CONTEXT_REGISTERS + 8 * 10), %r10
    movq GS(CONTEXT_REGISTERS + 8 * 11), %r11
    movq GS(CONTEXT_REGISTERS + 8 * 12), %r12
    movq GS(CONTEXT_REGISTERS + 8 * 13), %r13
    movq GS(CONTEXT_REGISTERS + 8 * 14), %r14
    movq GS(CONTEXT_REGISTERS + 8 * 15), %r15
    movq GS(CONTEXT_REGISTERS + 8 * 4), %rsp
    jmpq *GS(CONTEXT_INSTRUCTION)
LABEL guest_enter_checked
enter_where_some_reach:
    cmpl $0, CONTEXT_REACHES(%rdi)
    jne enter_reaching
    lfence                              /* no wrong guess goes on from here with a guest that reaches blocks */
    jmp enter_plain
enter_reaching:
    rdfsbase %rax
    movq %rax, CONTEXT_HOST_FS(%rdi)
    cmpl $RESUME_IN_GATE, CONTEXT_RESUME(%rdi)
    je return_from_reaching_gate
    movq CONTEXT_REACH(%rdi), %rax
    wrfsbase %rax
    cmpl $RESUME_AT_INSTRUCTION, CONTEXT_RESUME(%rdi)
    jne called
    jmp enter_at_instruction
    .size guest_enter, . - guest_enter

/* A kernel call. In: r11d = its number, rdi rsi rdx rcx r8 r9 = arguments, rsp = guest's. Out: rax = result;
 * callee-saved registers and rsp as before; everything else zero.
 *
 * A call that lends its turn (ipc/process_ipc.c) returns here with the GS base of another process, which waits in a gate of its
 * own, and with the result of that gate: from there on all that is read and written is that one's.  It is one of the
 * same kind: with an FS base of its own, or not.
 *
 * There are two, so that neither asks which kind of guest it is in: where a processor guesses wrong it might run a guest that
 * reaches blocks, for some instructions, with the host's FS base.
 *
 * int64_t motte_kernel_call(struct process *: rdi, uint32_t number: esi, const uint64_t arguments[6]: rdx) */
.macro GATE name, return, reaches
FUNCTION \name
    .if \reaches
    movq GS(CONTEXT_HOST_FS), %rax
    wrfsbase %rax
    .endif
    movq %rsp, GS(CONTEXT_GUEST_STACK)
    movq %rbx, GS(CONTEXT_RBX)
    movq %rbp, GS(CONTEXT_RBP)
    movq %r12, GS(CONTEXT_R12)
    movq %r13, GS(CONTEXT_R13)
    movq %r14, GS(CONTEXT_R14)
    movq %r15, GS(CONTEXT_R15)
    movq GS(CONTEXT_HOST_STACK), %rsp
    subq $56, %rsp                      /* six arguments, and 16-byte alignment */
    movq %rdi, (%rsp)
    movq %rsi, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rcx, 24(%rsp)
    movq %r8, 32(%rsp)
    movq %r9, 40(%rsp)
    ldmxcsr GS(CONTEXT_HOST_MXCSR)
    cld
    CLEAN_UPPER_HALVES
    movq GS(CONTEXT_PROCESS), %rdi
    movl %r11d, %esi
    movq %rsp, %rdx
    call motte_kernel_call
    movq %rax, GS(CONTEXT_RESULT)
    movq GS(CONTEXT_PROCESS), %rdi
    cmpl $0, PROCESS_ATTENTION(%rdi)    /* not the last look: only to spare who leaves the way to it */
    jne leave_after_call
\return:
    CLEAR_VECTORS
    movq GS(CONTEXT_RBX), %rbx
    movq GS(CONTEXT_RBP), %rbp
    movq GS(CONTEXT_R12), %r12
    movq GS(CONTEXT_R13), %r13
    movq GS(CONTEXT_R14), %r14
    movq GS(CONTEXT_R15), %r15
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
LABEL \name\()_check
    movq GS(CONTEXT_PROCESS), %r11
    cmpl $0, PROCESS_ATTENTION(%r11)
    jne guest_leave_gate
    .if \reaches
    movq GS(CONTEXT_REACH), %rax
    wrfsbase %rax
    .endif
    ldmxcsr GS(CONTEXT_GUEST_MXCSR)
    movq GS(CONTEXT_RESULT), %rax
    movq GS(CONTEXT_GUEST_STACK), %rsp
    xorl %r11d, %r11d
    ret
LABEL \name\()_checked
    .size \name, . - \name
.endm

    GATE motte_gate, return_from_gate, 0
    GATE motte_reaching_gate, return_from_reaching_gate, 1

/* A function that the host calls begins, with its arguments; the return address on its stack is that of a gate that jumps to
 * motte_function_return.  In: GS base is the window. */
called:
    cmpl $RESUME_CALL, CONTEXT_RESUME(%rdi)
    jne guest_leave                     /* it has returned: there is nothing to run */
    CLEAR_VECTORS
    .irp register, 0,1,2,3,4,5,6,7
    movq GS(CONTEXT_XMM + 16 * \register), %xmm\register
    .endr
    movq GS(CONTEXT_REGISTERS + 8 * 1), %rcx
    movq GS(CONTEXT_REGISTERS + 8 * 2), %rdx
    movq GS(CONTEXT_REGISTERS + 8 * 6), %rsi
    movq GS(CONTEXT_REGISTERS + 8 * 7), %rdi
    movq GS(CONTEXT_REGISTERS + 8 * 8), %r8
    movq GS(CONTEXT_REGISTERS + 8 * 9), %r9
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ebp, %ebp
    xorl %r10d, %r10d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
LABEL motte_call_check
    movq GS(CONTEXT_PROCESS), %r11
    cmpl $0, PROCESS_ATTENTION(%r11)
    jne guest_leave
    ldmxcsr GS(CONTEXT_GUEST_MXCSR)
    movq GS(CONTEXT_REGISTERS + 8 * 4), %rsp
    xorl %r11d, %r11d
    jmpq *GS(CONTEXT_INSTRUCTION)
LABEL motte_call_checked

/* Where such a function returns to: its results are noted, and the guest is left. */
FUNCTION motte_function_return
    movq %rax, GS(CONTEXT_RESULT)
    movq %rdx, GS(CONTEXT_REGISTERS + 8 * 2)
    movq %xmm0, GS(CONTEXT_XMM)
    movq %xmm1, GS(CONTEXT_XMM + 16)
    movl $RESUME_RETURNED, GS(CONTEXT_RESUME)
    jmp guest_leave
    .size motte_function_return, . - motte_function_return

/* Back to whoever called guest_enter, out of a kernel call or, at guest_leave, as the context says already. In: GS base
 * is the window; every register may hold anything. Reached by jumps from above and by signal handlers that set rip. */
FUNCTION guest_leave_gate
    movl $RESUME_IN_GATE, GS(CONTEXT_RESUME)
LABEL guest_leave
    cmpl $0, GS(CONTEXT_REACHES)
    je 1f
    movq GS(CONTEXT_HOST_FS), %rax
    wrfsbase %rax
1:
    movq GS(CONTEXT_HOST_STACK), %rsp
    ldmxcsr GS(CONTEXT_HOST_MXCSR)
    cld
    CLEAN_UPPER_HALVES
leave_with_host_stack:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %rcx
    jmpq *%rcx                          /* no `ret`: see guest_run */
    .size guest_leave_gate, . - guest_leave_gate

/* Everything else is the host's already. */
leave_after_call:
    movl $RESUME_IN_GATE, GS(CONTEXT_RESUME)
    movq GS(CONTEXT_HOST_STACK), %rsp
    jmp leave_with_host_stack
LABEL guest_left /* behind everything in this file */

    .section .note.GNU-stack, "", @progbits
