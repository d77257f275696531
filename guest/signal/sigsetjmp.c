/* As setjmp, and the mask: see guest/setjmp. */

#include <setjmp.h>
#include "motte_runtime.h"

int motte_setjmp(sigjmp_buf buffer, int);

int sigsetjmp(sigjmp_buf buffer, int saves_mask)
{
    buffer->__fl = saves_mask != 0;
    buffer->__ss[0] = __motte_signal_mask();
    buffer->__jb[JUMP_DATA_STACK] = __motte_data_stack_pointer;
    __attribute__((musttail)) return motte_setjmp(buffer, 0);
}
weak_alias(sigsetjmp, __sigsetjmp);
