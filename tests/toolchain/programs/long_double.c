/* long double is the 64-bit format everywhere: constants, arithmetic, printing, reading, mathematics, varargs.
 *
 * prints:
 * 8 53 1024 15
 * 1.100000 0x1.8p+0 3.141592653589793116
 * 2.5 1.58114 15.625
 * 0x1p-1074 inf nan
 * 6.6 3
 * 0.333333333333333 2 0.5
 */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static long double sum(int count, ...)
{
    va_list list;
    long double total = 0;

    va_start(list, count);
    while (count--)
        total += va_arg(list, long double);
    va_end(list);
    return total;
}

int main(void)
{
    long double value, whole;

    printf("%zu %d %d %d\n", sizeof value, LDBL_MANT_DIG, LDBL_MAX_EXP, LDBL_DIG);
    printf("%Lf %La %.19Lg\n", 1.1L, 1.5L, strtold("3.14159265358979323846", 0));
    sscanf("2.5", "%Lf", &value);
    printf("%Lg %Lg %Lg\n", value, sqrtl(value), powl(value, 3));
    printf("%La %Lf %Lf\n", LDBL_TRUE_MIN, (long double)INFINITY, fabsl((long double)NAN));
    printf("%Lg %d\n", sum(3, 1.1L, 2.2L, 3.3L), ilogbl(8));
    value = modfl(2.5L, &whole);
    printf("%.15Lg %Lg %Lg\n", 1 / 3.0L, whole, value);
    return 0;
}
