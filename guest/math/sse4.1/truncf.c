/* One instruction where the CPU has SSE4.1. */

float truncf(float x)
{
    return __builtin_truncf(x);
}
