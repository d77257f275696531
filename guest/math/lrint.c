/* The CPU's conversion rounds to nearest, the only mode that a guest has. */

long lrint(double x)
{
    return __builtin_lrint(x);
}
