/* Numbers printed and read; variable arguments of every kind; structures by value. */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct mixed {
    double weight;
    long count;
    char name[24];
};

static double sum(int count, ...)
{
    va_list list, again;
    double total = 0;

    va_start(list, count);
    va_copy(again, list);
    for (int i = 0; i < count; i++)
        total += i % 2 ? va_arg(list, double) : va_arg(list, int);
    va_end(list);
    total += va_arg(again, int);
    va_end(again);
    return total;
}

static struct mixed doubled(struct mixed value)
{
    value.weight *= 2;
    value.count *= 2;
    return value;
}

static struct mixed (*volatile by_pointer)(struct mixed) = doubled;

int main(void)
{
    struct mixed value = {1.25, 21, "a name"};

    printf("%f %g %e %a %.15g\n", 1.0 / 3, 1e-300, -2.5, 0.1, M_PI);
    printf("%5.1f|%-10s|%+d|%#x|%lld|%c|%%\n", 99.95, "left", 5, 48879, -1234567890123456789LL, 'x');
    printf("%g %g %g\n", sum(9, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9), strtod("0x1.8p3", NULL), atof("-12.5e-3"));
    value = by_pointer(doubled(value));
    printf("%g %ld %s\n", value.weight, value.count, value.name);
    for (double x = 0.1; x < 10; x *= 3)
        printf("%.12g %.12g %.12g %.12g %.12g\n", sin(x), exp(x), log(x), pow(x, 1.5), cbrt(x));
    printf("%.6f %.6f %d\n", fmod(10.5, 3), hypot(3, 4), (int)lround(2.5));
    return 0;
}
