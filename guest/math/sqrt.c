/* One instruction of the CPU, correctly rounded. */

double sqrt(double x)
{
    return __builtin_sqrt(x);
}
