/* See crossing.h.  Towards the guest, every register but rsp comes from the state.  Back from it, nothing is relied
 * upon but this code's own addresses: not the stack, no flag, no segment base. */
#include "crossing_offsets.h"

#define AT(offset) crossing + offset(%rip)

    .text
    .globl enter_guest, guest_return, guest_left
    .type enter_guest, @function
enter_guest:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, AT(CROSSING_HOST_STACK)
    rdfsbase %rax
    movq %rax, AT(CROSSING_HOST_FS)
    stmxcsr AT(CROSSING_HOST_MXCSR)
    ldmxcsr AT(CROSSING_GUEST_MXCSR)
    movq AT(CROSSING_WINDOW), %rax
    wrgsbase %rax
    movq AT(CROSSING_STATE), %rax
    cmpl $1, vector_level(%rip)
    jb 1f
    je 2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovups STATE_VECTORS + 64 * \n(%rax), %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovw STATE_MASKS + 8 * \n(%rax), %k\n
    .endr
    jmp 3f
1:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups STATE_VECTORS + 64 * \n(%rax), %xmm\n
    .endr
    jmp 3f
2:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovups STATE_VECTORS + 64 * \n(%rax), %ymm\n
    .endr
3:
    movq 8(%rax), %rcx
    movq 16(%rax), %rdx
    movq 24(%rax), %rbx
    movq 40(%rax), %rbp
    movq 48(%rax), %rsi
    movq 56(%rax), %rdi
    movq 64(%rax), %r8
    movq 72(%rax), %r9
    movq 80(%rax), %r10
    movq 88(%rax), %r11
    movq 96(%rax), %r12
    movq 104(%rax), %r13
    movq 112(%rax), %r14
    movq 120(%rax), %r15
    movq (%rax), %rax
    pushq AT(CROSSING_FLAGS)
    popfq
    movq AT(CROSSING_GUEST_STACK), %rsp
    jmpq *AT(CROSSING_TARGET)

guest_return:
guest_left:
    movq %rsp, AT(CROSSING_EXIT_STACK)
    movq AT(CROSSING_HOST_STACK), %rsp
    pushfq
    popq AT(CROSSING_EXIT_FLAGS)
    pushq $0x202
    popfq
    rdgsbase %rax
    movq %rax, AT(CROSSING_EXIT_GS)
    rdfsbase %rax
    movq %rax, AT(CROSSING_EXIT_FS)
    movq AT(CROSSING_HOST_FS), %rax
    wrfsbase %rax
    stmxcsr AT(CROSSING_EXIT_MXCSR)
    ldmxcsr AT(CROSSING_HOST_MXCSR)
    movw %ds, AT(CROSSING_EXIT_SEGMENTS)
    movw %es, AT(CROSSING_EXIT_SEGMENTS + 2)
    movw %fs, AT(CROSSING_EXIT_SEGMENTS + 4)
    movw %gs, AT(CROSSING_EXIT_SEGMENTS + 6)
    xorl %eax, %eax
    wrgsbase %rax
    cmpl $0, vector_level(%rip)
    je 1f
    vzeroupper
1:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size enter_guest, . - enter_guest

    .bss
    .globl crossing, vector_level
    .balign 4096                        /* a page of its own: it changes while all else is summed up */
crossing:
    .zero 4096
vector_level:
    .zero 4
    .section .note.GNU-stack, "", @progbits
