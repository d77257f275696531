/* idea: call a null function pointer
   stopped by: entry 0 of the function table has the reserved class
   expect: 139 BAD_INDIRECT_CALL */
#include <stddef.h>
int main(void)
{
    int (*volatile f)(void) = NULL;
    return f();
}
