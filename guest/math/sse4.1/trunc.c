/* One instruction where the CPU has SSE4.1. */

double trunc(double x)
{
    return __builtin_trunc(x);
}
