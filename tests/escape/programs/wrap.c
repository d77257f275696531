/* idea: reach beyond 4 GiB with an index
   stopped by: the effective address is truncated to 32 bits, so the access wraps to the program's own variable
   expect: 0
   stdout: own own */
#include <stdio.h>
static char text[8] = "own";
int main(void)
{
    volatile unsigned long above = 1ul << 32, far = 0x5500000000ul;
    printf("%s ", text + above);
    puts(text + far);
    return 0;
}
