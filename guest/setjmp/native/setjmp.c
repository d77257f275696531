/*
 * The registers that a function keeps for its caller, the stack pointer as the
 * caller will have it, and where it returns to.  In an address space of its own
 * a program may know them, and forge them.
 */

#include <setjmp.h>
#include "motte_runtime.h"

_Static_assert(__builtin_offsetof(struct __jmp_buf_tag, __fl) == 64, "whether there is a mask lies behind the registers");

__attribute__((naked, returns_twice)) int __motte_store_registers(jmp_buf buffer)
{
    __asm__("movq %rbx, (%rdi)\n\t"
            "movq %rbp, 8(%rdi)\n\t"
            "movq %r12, 16(%rdi)\n\t"
            "movq %r13, 24(%rdi)\n\t"
            "movq %r14, 32(%rdi)\n\t"
            "movq %r15, 40(%rdi)\n\t"
            "leaq 8(%rsp), %rdx\n\t"
            "movq %rdx, 48(%rdi)\n\t"
            "movq (%rsp), %rdx\n\t"
            "movq %rdx, 56(%rdi)\n\t"
            "xorl %eax, %eax\n\t"
            "retq");
}

__attribute__((naked, returns_twice)) int setjmp(jmp_buf buffer)
{
    __asm__("movq $0, 64(%rdi)\n\t"
            "jmp __motte_store_registers");
}
weak_alias(setjmp, _setjmp);
weak_alias(setjmp, __setjmp);
