/* One instruction where the CPU has SSE4.1. */

double rint(double x)
{
    return __builtin_rint(x);
}
