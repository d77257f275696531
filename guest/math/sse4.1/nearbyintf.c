/* One instruction where the CPU has SSE4.1. */

float nearbyintf(float x)
{
    return __builtin_nearbyintf(x);
}
