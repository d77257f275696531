/* idea: hide a pointer's origin in the upper half that the window ignores
   stopped by: nothing without checked casts, for it stays inside the window
   expect: 7 */
#include <stdint.h>
static int value = 7;
int main(void)
{
    volatile uintptr_t integer = (uintptr_t)&value | (uintptr_t)0xdead << 40;
    return *(int *)integer;
}
