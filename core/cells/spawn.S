/* pid_t spawn_sharing(void *stack_end: rdi, int (*run)(void *): rsi, void *argument: rdx)
 *
 * A child as of vfork(), on a stack of its own: it shares this process's memory, and the calling thread waits until it starts a
 * program or ends.  A negative errno if there is none.  Not clone() of the C library: tools that watch memory
 * replace that, and mark this thread as one of a forked child. */
    .text
    .globl spawn_sharing
    .hidden spawn_sharing
    .type spawn_sharing, @function
    .balign 16
spawn_sharing:
    movq %rsi, -16(%rdi)
    movq %rdx, -8(%rdi)
    leaq -16(%rdi), %rsi
    movl $0x4111, %edi                  /* CLONE_VM | CLONE_VFORK | SIGCHLD */
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    movl $56, %eax                      /* clone */
    syscall
    testl %eax, %eax
    je 1f
    ret
1:
    xorl %ebp, %ebp
    popq %rax
    popq %rdi
    call *%rax
    movl %eax, %edi
    movl $231, %eax                     /* exit_group */
    syscall
    ud2
    .size spawn_sharing, . - spawn_sharing

    .section .note.GNU-stack, "", @progbits
