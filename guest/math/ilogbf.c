/* The exponent of a number, as if it were normalised. */

#include <limits.h>
#include <math.h>
#include <stdint.h>

int ilogbf(float x)
{
    union { float number; uint32_t bits; } value = {x};
    uint32_t fraction = value.bits << 9;
    int exponent = value.bits >> 23 & 0xff;

    if (exponent == 0xff)
        return fraction ? FP_ILOGBNAN : INT_MAX;
    if (exponent)
        return exponent - 0x7f;
    return fraction ? -0x7f - __builtin_clz(fraction) : FP_ILOGB0;
}
