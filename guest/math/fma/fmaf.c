/* One instruction where the CPU has FMA. */

float fmaf(float x, float y, float z)
{
    return __builtin_fmaf(x, y, z);
}
