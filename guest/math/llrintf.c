/* The CPU's conversion rounds to nearest, the only mode that a guest has. */

long long llrintf(float x)
{
    return __builtin_llrintf(x);
}
