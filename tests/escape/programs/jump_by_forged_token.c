/* idea: choose the stack pointer: move it up by one word, so that a spilled word becomes the return address
   stopped by: no live frame has its end where the forged buffer says
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
static jmp_buf buffer;
int main(void)
{
    if (setjmp(buffer))
        return 1;
    buffer->__jb[6] -= 8;
    longjmp(buffer, 1);
}
