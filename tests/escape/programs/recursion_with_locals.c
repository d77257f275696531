/* idea: overflow the data stack into the program's image
   stopped by: an unmapped gap below the data stack
   expect: 139 DATA_STACK_OVERFLOW */
#include <string.h>
static int deeper(int n)
{
    volatile char local[65536];
    local[n & 65535] = 1;
    return n ? deeper(n + 1) + local[5] : 0;
}
int main(void) { return deeper(1); }
