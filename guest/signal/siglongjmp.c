/* longjmp restores the mask if there is one. */

#include <setjmp.h>

_Noreturn void siglongjmp(sigjmp_buf buffer, int value)
{
    longjmp(buffer, value);
}
