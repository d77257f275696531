/* The exponent of a number, as if it were normalised. */

#include <limits.h>
#include <math.h>
#include <stdint.h>

int ilogb(double x)
{
    union { double number; uint64_t bits; } value = {x};
    uint64_t fraction = value.bits << 12;
    int exponent = value.bits >> 52 & 0x7ff;

    if (exponent == 0x7ff)
        return fraction ? FP_ILOGBNAN : INT_MAX;
    if (exponent)
        return exponent - 0x3ff;
    return fraction ? -0x3ff - __builtin_clzll(fraction) : FP_ILOGB0;
}
