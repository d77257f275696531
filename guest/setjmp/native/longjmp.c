/* The mask first, if there is one: what becomes deliverable is delivered here. */

#include <setjmp.h>
#include "motte_runtime.h"

__attribute__((naked)) _Noreturn static void load_registers(const unsigned long *registers, int value)
{
    __asm__("movl %esi, %eax\n\t"
            "testl %eax, %eax\n\t"
            "jnz 1f\n\t"
            "incl %eax\n"
            "1:\n\t"
            "movq (%rdi), %rbx\n\t"
            "movq 8(%rdi), %rbp\n\t"
            "movq 16(%rdi), %r12\n\t"
            "movq 24(%rdi), %r13\n\t"
            "movq 32(%rdi), %r14\n\t"
            "movq 40(%rdi), %r15\n\t"
            "movq 48(%rdi), %rsp\n\t"
            "jmpq *56(%rdi)");
}

_Noreturn void longjmp(jmp_buf buffer, int value)
{
    if (buffer->__fl)
        __motte_set_signal_mask(buffer->__ss[0]);
    load_registers(buffer->__jb, value);
}
weak_alias(longjmp, _longjmp);
