/* idea: write through a null pointer with a field offset
   stopped by: the window's first 64 KiB are never mapped
   expect: 139 NULL_PAGE write 0x78 */
#include <stddef.h>
int main(void)
{
    long *volatile p = NULL;
    ((volatile long *)p)[15] = 1;
    return 0;
}
