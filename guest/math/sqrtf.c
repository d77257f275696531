/* One instruction of the CPU, correctly rounded. */

float sqrtf(float x)
{
    return __builtin_sqrtf(x);
}
