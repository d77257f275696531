#include "complex_arithmetic.h"

static inline complex_number multiply(REAL a, REAL b, REAL c, REAL d)
{
    REAL ac = a * c, bd = b * d, ad = a * d, bc = b * c;
    REAL real = ac - bd, imaginary = ad + bc;

    if (!IS_NAN(real) || !IS_NAN(imaginary))
        return make(real, imaginary);

    int infinite = 0;
    if (IS_INFINITE(a) || IS_INFINITE(b)) {
        a = infinity_to_one(a), b = infinity_to_one(b);
        c = nan_to_zero(c), d = nan_to_zero(d);
        infinite = 1;
    }
    if (IS_INFINITE(c) || IS_INFINITE(d)) {
        c = infinity_to_one(c), d = infinity_to_one(d);
        a = nan_to_zero(a), b = nan_to_zero(b);
        infinite = 1;
    }
    if (!infinite && (IS_INFINITE(ac) || IS_INFINITE(bd) || IS_INFINITE(ad) || IS_INFINITE(bc))) {
        a = nan_to_zero(a), b = nan_to_zero(b);
        c = nan_to_zero(c), d = nan_to_zero(d);
        infinite = 1;
    }
    if (infinite)
        return make((REAL)__builtin_inf() * (a * c - b * d), (REAL)__builtin_inf() * (a * d + b * c));
    return make(real, imaginary);
}
