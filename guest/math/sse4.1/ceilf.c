/* One instruction where the CPU has SSE4.1. */

float ceilf(float x)
{
    return __builtin_ceilf(x);
}
