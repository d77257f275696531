/* One instruction where the CPU has SSE4.1. */

float rintf(float x)
{
    return __builtin_rintf(x);
}
