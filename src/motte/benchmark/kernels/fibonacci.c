/* Plain recursion: calls, returns and the native stack. */
#include "measure.h"

__attribute__((noinline)) static uint64_t fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t kernel(void)
{
    volatile unsigned n = 30;
    return fibonacci(n);
}
