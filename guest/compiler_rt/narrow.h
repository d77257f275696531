/*
 * Doubles to the 16-bit formats, rounded once to nearest, ties to even.  Floats
 * come here too: each is exactly a double.
 */

#ifndef NARROW_H
#define NARROW_H

#include <stdint.h>

#define DOUBLE_FRACTION_BITS 52
#define DOUBLE_BIAS 1023

static inline uint16_t round_shift(uint64_t value, int shift)
{
    uint64_t half = UINT64_C(1) << (shift - 1);
    uint64_t rest = value & ((half << 1) - 1);
    uint64_t kept = value >> shift;

    return (uint16_t)(kept + (rest > half || (rest == half && (kept & 1))));
}

/* A format of one sign bit, 15 - fraction_bits exponent bits, and fraction_bits. */
static inline uint16_t narrow(double number, int fraction_bits)
{
    union { double number; uint64_t bits; } value = {number};
    uint16_t sign = (uint16_t)(value.bits >> 48 & 0x8000);
    uint64_t magnitude = value.bits & (UINT64_C(1) << 63) - 1;
    int bias = (1 << (14 - fraction_bits)) - 1;
    uint16_t infinity = (uint16_t)(((1 << (15 - fraction_bits)) - 1) << fraction_bits);
    int shift = DOUBLE_FRACTION_BITS - fraction_bits;
    int exponent = (int)(magnitude >> DOUBLE_FRACTION_BITS) - DOUBLE_BIAS + bias;

    if (magnitude > UINT64_C(0x7ff) << DOUBLE_FRACTION_BITS) {
        uint16_t payload = (uint16_t)(magnitude >> shift) & (uint16_t)((1 << fraction_bits) - 1);
        return sign | infinity | (uint16_t)(1 << (fraction_bits - 1)) | payload;
    }
    if (exponent > 2 * bias)
        return sign | infinity;
    if (exponent >= 1) /* rounding up may carry into the exponent, as far as infinity: that is right */
        return sign | round_shift(magnitude - ((uint64_t)(DOUBLE_BIAS - bias) << DOUBLE_FRACTION_BITS), shift);
    if (exponent < -fraction_bits - 1)
        return sign;
    uint64_t leading_one = UINT64_C(1) << DOUBLE_FRACTION_BITS;
    uint64_t significand = (magnitude & (leading_one - 1)) | leading_one;
    return sign | round_shift(significand, shift + 1 - exponent);
}

#endif
