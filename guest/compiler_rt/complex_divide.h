#include "complex_arithmetic.h"

/* The exponent of a finite, non-zero number, by its double form. */
static inline int exponent_of(double x)
{
    union { double number; uint64_t bits; } value = {x};
    int exponent = value.bits >> 52 & 0x7ff;

    return exponent ? exponent - 1023 : -1011 - __builtin_clzll(value.bits << 1 >> 1);
}

static inline double power_of_two(int exponent)
{
    union { uint64_t bits; double number; } value = {(uint64_t)(exponent + 1023) << 52};

    return value.number;
}

/* x * 2**exponent for exponents beyond a double's own: in two exact or once-rounded steps. */
static inline REAL scale(REAL x, int exponent)
{
    int half = exponent / 2;

    return (REAL)(x * power_of_two(half) * power_of_two(exponent - half));
}

static inline complex_number divide(REAL a, REAL b, REAL c, REAL d)
{
    REAL greatest = (REAL)(__builtin_fabs(c) > __builtin_fabs(d) ? __builtin_fabs(c) : __builtin_fabs(d));
    int exponent = 0;
    REAL x = c, y = d;

    /* Bring the divisor near one, so that its square neither overflows nor vanishes. */
    if (greatest > 0 && IS_FINITE(greatest)) {
        exponent = exponent_of(greatest);
        x = scale(c, -exponent);
        y = scale(d, -exponent);
    }
    REAL norm = x * x + y * y;
    REAL real = scale((a * x + b * y) / norm, -exponent);
    REAL imaginary = scale((b * x - a * y) / norm, -exponent);

    if (!IS_NAN(real) || !IS_NAN(imaginary))
        return make(real, imaginary);
    if (norm == 0 && (!IS_NAN(a) || !IS_NAN(b))) {
        REAL infinity = WITH_SIGN(__builtin_inf(), x);
        return make(infinity * a, infinity * b);
    }
    if ((IS_INFINITE(a) || IS_INFINITE(b)) && IS_FINITE(x) && IS_FINITE(y)) {
        a = infinity_to_one(a), b = infinity_to_one(b);
        return make((REAL)__builtin_inf() * (a * x + b * y), (REAL)__builtin_inf() * (b * x - a * y));
    }
    if ((IS_INFINITE(x) || IS_INFINITE(y)) && IS_FINITE(a) && IS_FINITE(b)) {
        x = infinity_to_one(x), y = infinity_to_one(y);
        return make(0 * (a * x + b * y), 0 * (b * x - a * y));
    }
    return make(real, imaginary);
}
