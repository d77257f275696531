/* The CPU's conversion rounds to nearest, the only mode that a guest has. */

long long llrint(double x)
{
    return __builtin_llrint(x);
}
