/* One instruction where the CPU has SSE4.1. */

double ceil(double x)
{
    return __builtin_ceil(x);
}
