/* The CPU's conversion rounds to nearest, the only mode that a guest has. */

long lrintf(float x)
{
    return __builtin_lrintf(x);
}
