/* idea: a stack pointer at the very top, above the host's return address
   stopped by: the walk ends at the address that the host put there
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
static jmp_buf buffer;
int main(void)
{
    if (setjmp(buffer))
        return 1;
    buffer->__jb[6] &= ~0xffffffffL;
    longjmp(buffer, 1);
}
