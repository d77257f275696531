/*
 * Floating-point numbers to 128-bit integers, truncated towards zero.  What
 * does not fit becomes the nearest integer that does, and a NaN becomes 0.
 */

#ifndef FLOAT_TO_WIDE_H
#define FLOAT_TO_WIDE_H

#include <stdint.h>

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

#define SIGNED_GREATEST ((signed_wide)(((wide)1 << 127) - 1))

/* Every float is exactly a double, so one form serves both.  The magnitude is below 2**128. */
static inline wide truncate_magnitude(double magnitude)
{
    union { double number; uint64_t bits; } value = {magnitude};
    int exponent = (int)(value.bits >> 52) - 1075;
    uint64_t significand = (value.bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;

    if (exponent >= 0)
        return (wide)significand << exponent;
    return exponent <= -53 ? 0 : significand >> -exponent;
}

static inline wide double_to_unsigned(double number)
{
    if (!(number >= 1))
        return 0;
    return number < 0x1p128 ? truncate_magnitude(number) : ~(wide)0;
}

static inline signed_wide double_to_signed(double number)
{
    if (number >= 0x1p127)
        return SIGNED_GREATEST;
    if (number <= -0x1p127)
        return -SIGNED_GREATEST - 1;
    if (number >= 1)
        return (signed_wide)truncate_magnitude(number);
    return number <= -1 ? -(signed_wide)truncate_magnitude(-number) : 0;
}

#endif
