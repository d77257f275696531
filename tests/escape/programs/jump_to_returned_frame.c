/* idea: jump into a function that has returned, whose frame is somebody else's by now
   stopped by: the walk up the native stack, which meets no frame of that function there
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
static jmp_buf buffer;
__attribute__((noinline)) static int leave(void) { return setjmp(buffer); }
__attribute__((noinline)) static int other(int n) { return n ? other(n - 1) + 1 : (longjmp(buffer, 1), 0); }
int main(void) { return leave() + other(3); }
