/* One instruction where the CPU has SSE4.1. */

double floor(double x)
{
    return __builtin_floor(x);
}
