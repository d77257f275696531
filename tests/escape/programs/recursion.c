/* idea: use up the host's stack
   stopped by: the native stack has its own limit and a guard
   expect: 139 NATIVE_STACK_OVERFLOW */
static int deeper(volatile int n)
{
    return n ? deeper(n + 1) + n : 0;
}
int main(void) { return deeper(1); }
