/* As setjmp, and the mask, which an ordinary call stores before the registers are. */

#include <setjmp.h>
#include "motte_runtime.h"

void __motte_store_mask(sigjmp_buf buffer, int saves_mask)
{
    buffer->__fl = saves_mask != 0;
    buffer->__ss[0] = __motte_signal_mask();
}

__attribute__((naked, returns_twice)) int sigsetjmp(sigjmp_buf buffer, int saves_mask)
{
    __asm__("pushq %rdi\n\t"
            "callq __motte_store_mask\n\t"
            "popq %rdi\n\t"
            "jmp __motte_store_registers");
}
weak_alias(sigsetjmp, __sigsetjmp);
