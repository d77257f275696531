/* One instruction where the CPU has SSE4.1. */

double nearbyint(double x)
{
    return __builtin_nearbyint(x);
}
