/* idea: INT_MIN / -1
   stopped by: it is caught and classified
   expect: 136 DIVIDE */
#include <limits.h>
int main(void)
{
    volatile int low = INT_MIN, minus = -1;
    return low / minus;
}
