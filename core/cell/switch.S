/* The cell's program begins here, and here it crosses to its guest and back.
 *
 * There is one thread, and one side has it at a time.  What the host keeps of a guest is in the context in the control pages;
 * what lies on this side's stacks is needed by nobody once the guest runs, so every way back begins at their ends.
 *
 *   - The guest's stack is not touched, and nothing below its stack pointer either: native code keeps things there.
 *   - C code here uses no vector register, no x87 and no FS or GS: they are the guest's all the time.
 *   - A guest may come with any flags: single steps, alignment checks, the direction.  They are set anew before C runs.
 *   - The interrupt signal does nothing while this code runs (signals.c), so nothing here minds where it comes.
 *
 * Contexts are in memory that the guest may write to, and so are these stacks: see main.c for why that is no matter. */
#include "../context_offsets.h"
#include "offsets.h"

#define REGISTER(number) (CONTEXT_REGISTERS + 8 * (number))
#define ORDINARY_FLAGS 2

    .text

.macro FUNCTION name
    .type \name, @function
    .globl \name
    .balign 16
\name:
.endm

FUNCTION cell_start
    xorl %ebp, %ebp
    leaq cell_stack_end(%rip), %rsp
    call cell_main
    ud2

/* A kernel call; what is where is said in switch.S of the host. */
FUNCTION cell_gate
    movabsq $CONTROL_ADDRESS + CONTROL_CONTEXT, %rax
    movq %rsp, CONTEXT_GUEST_STACK(%rax)
    movq %rbx, CONTEXT_RBX(%rax)
    movq %rbp, CONTEXT_RBP(%rax)
    movq %r12, CONTEXT_R12(%rax)
    movq %r13, CONTEXT_R13(%rax)
    movq %r14, CONTEXT_R14(%rax)
    movq %r15, CONTEXT_R15(%rax)
    stmxcsr CONTEXT_GUEST_MXCSR(%rax)   /* native code may have set how to round, and calls leave that alone */
    movl $RESUME_IN_GATE, CONTEXT_RESUME(%rax)
    movl %r11d, CONTROL_CALL - CONTROL_CONTEXT(%rax)
    .set argument_offset, 0
    .irp argument, rdi, rsi, rdx, rcx, r8, r9
    movq %\argument, CONTROL_ARGUMENTS - CONTROL_CONTEXT + argument_offset(%rax)
    .set argument_offset, argument_offset + 8
    .endr
    leaq cell_stack_end(%rip), %rsp
    pushq $ORDINARY_FLAGS
    popfq
    movq %rax, %rdi
    call turn_of_call
    ud2

/* Where a function returns to that the host called. */
FUNCTION cell_function_return
    movabsq $CONTROL_ADDRESS + CONTROL_CONTEXT, %r11
    movq %rax, CONTEXT_RESULT(%r11)
    movq %rdx, REGISTER(2)(%r11)
    movq %xmm0, CONTEXT_XMM(%r11)
    movq %xmm1, CONTEXT_XMM + 16(%r11)
    movl $RESUME_RETURNED, CONTEXT_RESUME(%r11)
    leaq cell_stack_end(%rip), %rsp
    pushq $ORDINARY_FLAGS
    popfq
    call turn_of_return
    ud2

/* Behind a signal that found the guest, and was told to go on here: the context is complete. */
FUNCTION cell_leave_signal
    leaq cell_stack_end(%rip), %rsp
    call turns_take
    ud2

/* The kernel enters here: void (int: edi, siginfo_t *: rsi, ucontext_t *: rdx). */
FUNCTION cell_signal_entry
    pushq $ORDINARY_FLAGS
    popfq
    jmp signal_catch

FUNCTION cell_signal_return
    movl $15, %eax                      /* rt_sigreturn */
    syscall
    ud2

/* SSE and all that lies behind it becomes as it was in the beginning; x87, of which calls leave the settings alone, stays.
 * Clobbers rax and rdx. */
.macro CLEAR_VECTORS
    movl $VECTOR_COMPONENTS & ~1, %eax
    xorl %edx, %edx
    xrstor64 no_vectors(%rip)
.endm

/* _Noreturn void cell_resume_in_gate(struct context *: rdi) */
FUNCTION cell_resume_in_gate
    CLEAR_VECTORS
    ldmxcsr CONTEXT_GUEST_MXCSR(%rdi)
    movq CONTEXT_RESULT(%rdi), %rax
    movq CONTEXT_RBX(%rdi), %rbx
    movq CONTEXT_RBP(%rdi), %rbp
    movq CONTEXT_R12(%rdi), %r12
    movq CONTEXT_R13(%rdi), %r13
    movq CONTEXT_R14(%rdi), %r14
    movq CONTEXT_R15(%rdi), %r15
    movq CONTEXT_GUEST_STACK(%rdi), %rsp
    .irp register, ecx, edx, esi, edi, r8d, r9d, r10d, r11d
    xorl %\register, %\register
    .endr
    ret

/* _Noreturn void cell_resume_call(struct context *: rdi) */
FUNCTION cell_resume_call
    CLEAR_VECTORS
    ldmxcsr CONTEXT_GUEST_MXCSR(%rdi)
    .irp register, 0,1,2,3,4,5,6,7
    movq CONTEXT_XMM + 16 * \register(%rdi), %xmm\register
    .endr
    movq CONTEXT_INSTRUCTION(%rdi), %rax
    movq %rax, next_instruction(%rip)
    movq REGISTER(1)(%rdi), %rcx
    movq REGISTER(2)(%rdi), %rdx
    movq REGISTER(6)(%rdi), %rsi
    movq REGISTER(8)(%rdi), %r8
    movq REGISTER(9)(%rdi), %r9
    movq REGISTER(4)(%rdi), %rsp
    movq REGISTER(7)(%rdi), %rdi
    .irp register, eax, ebx, ebp, r10d, r11d, r12d, r13d, r14d, r15d
    xorl %\register, %\register
    .endr
    jmpq *next_instruction(%rip)

/* _Noreturn void cell_resume_at_instruction(struct context *: rdi) */
FUNCTION cell_resume_at_instruction
    movl $VECTOR_COMPONENTS, %eax
    xorl %edx, %edx
    xrstor64 CONTEXT_VECTORS(%rdi)      /* MXCSR, too */
    movq CONTEXT_INSTRUCTION(%rdi), %rax
    movq %rax, next_instruction(%rip)
    movq REGISTER(4)(%rdi), %rax
    movq %rax, next_stack(%rip)
    movq REGISTER(0)(%rdi), %rax
    movq REGISTER(1)(%rdi), %rcx
    movq REGISTER(2)(%rdi), %rdx
    movq REGISTER(3)(%rdi), %rbx
    movq REGISTER(5)(%rdi), %rbp
    movq REGISTER(6)(%rdi), %rsi
    movq REGISTER(8)(%rdi), %r8
    movq REGISTER(9)(%rdi), %r9
    movq REGISTER(10)(%rdi), %r10
    movq REGISTER(11)(%rdi), %r11
    movq REGISTER(12)(%rdi), %r12
    movq REGISTER(13)(%rdi), %r13
    movq REGISTER(14)(%rdi), %r14
    movq REGISTER(15)(%rdi), %r15
    pushq CONTEXT_FLAGS(%rdi)
    movq REGISTER(7)(%rdi), %rdi
    popfq
    movq next_stack(%rip), %rsp
    jmpq *next_instruction(%rip)

    .section .rodata
    .balign 64
/* As XSAVE lays it out: of no component is there anything, and so all become as in the beginning; but for MXCSR. */
no_vectors:
    .fill 24, 1, 0
    .long 0x1f80                        /* GUEST_MXCSR */
    .fill VECTORS_SIZE - 28, 1, 0

    .bss
    .balign 64
    .skip CELL_STACK_SIZE
cell_stack_end:
    .globl cell_signal_stack
cell_signal_stack:
    .skip CELL_STACK_SIZE
next_instruction:
    .skip 8
next_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
