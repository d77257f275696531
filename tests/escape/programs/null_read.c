/* idea: read through a null pointer
   stopped by: the window's first 64 KiB are never mapped
   expect: 139 NULL_PAGE read 0x0 */
#include <stddef.h>
int main(void)
{
    int *volatile p = NULL;
    return *(volatile int *)p;
}
