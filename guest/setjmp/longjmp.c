/* The host makes the jump if the frame is still alive, and ends the process if not. */

#include <setjmp.h>
#include "motte_runtime.h"

_Noreturn void motte_longjmp(jmp_buf buffer, int value);

_Noreturn void longjmp(jmp_buf buffer, int value)
{
    if (buffer->__fl)
        __motte_set_signal_mask(buffer->__ss[0]);
    __motte_data_stack_pointer = buffer->__jb[JUMP_DATA_STACK];
    motte_longjmp(buffer, value);
}
weak_alias(longjmp, _longjmp);
