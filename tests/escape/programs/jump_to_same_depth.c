/* idea: jump to a returned function while another one has a frame of the same size in the same place
   stopped by: the function of the live frame is not that of the call site
   expect: 139 BAD_LONG_JUMP */
#include <setjmp.h>
static jmp_buf buffer;
static volatile int zero;
__attribute__((noinline)) static int first(void) { return setjmp(buffer) + zero; }
__attribute__((noinline)) static void jump(void) { longjmp(buffer, 1); }
__attribute__((noinline)) static int second(void) { jump(); return zero; }
int main(void) { return first() + second(); }
