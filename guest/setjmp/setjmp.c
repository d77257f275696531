/*
 * The kernel call must find the state of whoever called setjmp: it is made in the
 * place of the return, where the registers and the native stack are the caller's
 * again.  What it stores names places and no addresses of the host; the data stack
 * is an ordinary variable, and stored here.
 */

#include <setjmp.h>
#include "motte_runtime.h"

int motte_setjmp(jmp_buf buffer);

int setjmp(jmp_buf buffer)
{
    buffer->__fl = 0;
    buffer->__jb[JUMP_DATA_STACK] = __motte_data_stack_pointer;
    __attribute__((musttail)) return motte_setjmp(buffer);
}
weak_alias(setjmp, _setjmp);
weak_alias(setjmp, __setjmp);
