/* What the host does on a guest's behalf and a signal may cut short: accesses to the guest's memory, which may fault, and
 * system calls, which may be too late.  The signal handlers know the marked ranges. */
#include "switch_macros.h"

#define ERROR_INTERRUPTED (-4)

    .text

/* int guest_copy(void *to: rdi, const void *from: rsi, size_t size: rdx, uintptr_t window: rcx)
 * The handler finds the window in r8, and decides whether an access is repeated or given up.
 *
 * Most copies are of a small structure, for which `rep movsb` takes longer than all the rest of a kernel call: up to 128
 * bytes go through registers, from both ends, which overlap in the middle; upwards, so that the address of a fault is that
 * of the lowest byte that cannot be accessed. */
FUNCTION guest_copy
    movq %rcx, %r8
    cmpq $16, %rdx
LABEL guest_copy_access
    jb 4f
    cmpq $128, %rdx
    ja 9f
    cmpq $32, %rdx
    ja 2f
    movups (%rsi), %xmm0
    movups -16(%rsi,%rdx), %xmm1
    movups %xmm0, (%rdi)
    movups %xmm1, -16(%rdi,%rdx)
    jmp 10f
2:  cmpq $64, %rdx
    ja 3f
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups -32(%rsi,%rdx), %xmm2
    movups -16(%rsi,%rdx), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, -32(%rdi,%rdx)
    movups %xmm3, -16(%rdi,%rdx)
    jmp 10f
3:  movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    movups -64(%rsi,%rdx), %xmm4
    movups -48(%rsi,%rdx), %xmm5
    movups -32(%rsi,%rdx), %xmm6
    movups -16(%rsi,%rdx), %xmm7
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    movups %xmm4, -64(%rdi,%rdx)
    movups %xmm5, -48(%rdi,%rdx)
    movups %xmm6, -32(%rdi,%rdx)
    movups %xmm7, -16(%rdi,%rdx)
    jmp 10f
4:  cmpq $8, %rdx
    jb 5f
    movq (%rsi), %rax
    movq -8(%rsi,%rdx), %rcx
    movq %rax, (%rdi)
    movq %rcx, -8(%rdi,%rdx)
    jmp 10f
5:  cmpq $4, %rdx
    jb 6f
    movl (%rsi), %eax
    movl -4(%rsi,%rdx), %ecx
    movl %eax, (%rdi)
    movl %ecx, -4(%rdi,%rdx)
    jmp 10f
6:  testq %rdx, %rdx
    jz 10f
    movzbl (%rsi), %eax
    movq %rdx, %rcx
    shrq $1, %rcx                       /* the middle one of three */
    movzbl (%rsi,%rcx), %r9d
    movzbl -1(%rsi,%rdx), %r10d
    movb %al, (%rdi)
    movb %r9b, (%rdi,%rcx)
    movb %r10b, -1(%rdi,%rdx)
    jmp 10f
9:  movq %rdx, %rcx
    rep movsb
10:
LABEL guest_copy_accessed
    xorl %eax, %eax
    ret
    .size guest_copy, . - guest_copy

/* int guest_clear(void *to: rdi, int zero: esi, size_t size: rdx, uintptr_t window: rcx) */
FUNCTION guest_clear
    movq %rcx, %r8
    movq %rdx, %rcx
    movl %esi, %eax
LABEL guest_clear_access
    rep stosb
LABEL guest_clear_accessed
    xorl %eax, %eax
    ret
    .size guest_clear, . - guest_clear

FUNCTION guest_copy_failed
    movl $1, %eax
    ret
    .size guest_copy_failed, . - guest_copy_failed

/* long checked_syscall(long number: rdi, const long arguments[6]: rsi, const _Atomic uint32_t *stop: rdx)
 * The flag's address travels in rcx, which the kernel overwrites anyway. */
FUNCTION checked_syscall
    movq %rdi, %rax
    movq %rsi, %r11
    movq %rdx, %rcx
    movq (%r11), %rdi
    movq 8(%r11), %rsi
    movq 16(%r11), %rdx
    movq 24(%r11), %r10
    movq 32(%r11), %r8
    movq 40(%r11), %r9
LABEL checked_syscall_check
    cmpl $0, (%rcx)
    jne checked_syscall_stopped
    syscall
LABEL checked_syscall_entered
    ret
LABEL checked_syscall_stopped
    movq $ERROR_INTERRUPTED, %rax
    ret
    .size checked_syscall, . - checked_syscall

    .section .note.GNU-stack, "", @progbits
