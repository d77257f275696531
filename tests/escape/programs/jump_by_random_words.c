/* idea: fill the buffer with bits that were never a setjmp's, all of them
   stopped by: neither the site nor the frame exists
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
int main(void)
{
    static jmp_buf buffer;
    unsigned long word = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 7; i++)
        buffer->__jb[i] = word *= 0xbf58476d1ce4e5b9;
    longjmp(buffer, 0);
}
