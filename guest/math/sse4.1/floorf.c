/* One instruction where the CPU has SSE4.1. */

float floorf(float x)
{
    return __builtin_floorf(x);
}
