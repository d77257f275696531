/* idea: keep the frame, and name a code address of which nobody knows what it is: one byte behind a call
   stopped by: only the ends of calls are known
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
static jmp_buf buffer;
int main(void)
{
    if (setjmp(buffer))
        return 1;
    buffer->__jb[6] += 1L << 32;
    longjmp(buffer, 1);
}
