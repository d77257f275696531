/*
 * 128-bit integers to floating-point numbers.  The leading 64 bits, their last
 * one sticky for all that is below, decide the rounding as the whole would; the
 * CPU converts them, and scaling by a power of two is exact.
 */

#ifndef WIDE_TO_FLOAT_H
#define WIDE_TO_FLOAT_H

#include <stdint.h>

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

static inline uint64_t leading_word(wide number, int *exponent)
{
    uint64_t high = number >> 64;

    if (!high) {
        *exponent = 0;
        return (uint64_t)number;
    }
    int shift = 64 - __builtin_clzll(high);
    *exponent = shift;
    return (uint64_t)(number >> shift) | (number << (128 - shift) != 0);
}

static inline double power_of_two(int exponent)
{
    union { uint64_t bits; double number; } value = {(uint64_t)(exponent + 1023) << 52};

    return value.number;
}

#endif
