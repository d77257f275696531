/*
 * x * y + z rounded once, for a CPU without FMA: exact integer arithmetic.
 *
 * The product of two 53-bit significands has at most 106 bits.  Product and
 * addend are placed near the top of 128 bits; the one with the smaller exponent
 * is shifted down, with a sticky last bit for what falls off.  At least 20 zero
 * bits lie below either, so where the difference cancels (exponents at most two
 * apart) nothing has fallen off; otherwise at least 70 bits of the result remain
 * below its 53, and one sticky bit decides the rounding as the exact value would.
 */

#include <math.h>
#include <stdint.h>

typedef unsigned __int128 wide;

struct scaled {
    wide significand; /* value = significand * 2**exponent */
    int exponent;
};

#define SIGNIFICAND_BITS 53
#define LEAST_EXPONENT (-1074)

static int is_negative(double x)
{
    return __builtin_signbit(x) != 0;
}

static struct scaled magnitude(double x)
{
    union { double number; uint64_t bits; } value = {x};
    uint64_t significand = value.bits & (UINT64_C(1) << 52) - 1;
    int exponent = value.bits >> 52 & 0x7ff;

    if (exponent)
        return (struct scaled){significand | UINT64_C(1) << 52, exponent - 1075};
    int shift = __builtin_clzll(significand) - 11;
    return (struct scaled){significand << shift, LEAST_EXPONENT - shift};
}

static int bit_length(wide value)
{
    uint64_t high = value >> 64, low = (uint64_t)value;

    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

static wide shift_down_sticky(wide value, int count)
{
    if (count == 0)
        return value;
    if (count >= 128)
        return value != 0;
    return value >> count | (value << (128 - count) != 0);
}

static double power_of_two(int exponent)
{
    union { uint64_t bits; double number; } value;

    value.bits = exponent < -1022 ? UINT64_C(1) << (exponent - LEAST_EXPONENT) : (uint64_t)(exponent + 1023) << 52;
    return value.number;
}

/* Rounds to nearest, ties to even, in the format's precision at that magnitude. */
static double round_to_double(struct scaled value)
{
    int excess = bit_length(value.significand) - SIGNIFICAND_BITS;

    if (excess < LEAST_EXPONENT - value.exponent)
        excess = LEAST_EXPONENT - value.exponent;
    if (excess >= 2) {
        value.significand = shift_down_sticky(value.significand, excess - 2);
        value.exponent += excess;
        wide rest = value.significand & 3;
        value.significand >>= 2;
        value.significand += rest == 3 || (rest == 2 && value.significand & 1);
    } else if (excess == 1) {
        wide rest = value.significand & 1;
        value.exponent += 1;
        value.significand >>= 1;
        value.significand += rest && value.significand & 1;
    }
    if (value.exponent > 1023)
        return INFINITY;
    return (double)(uint64_t)value.significand * power_of_two(value.exponent);
}

double fma(double x, double y, double z)
{
    if (!isfinite(x) || !isfinite(y) || !isfinite(z) || x == 0 || y == 0)
        return x * y + z;
    if (z == 0)
        return x * y;

    struct scaled a = magnitude(x), b = magnitude(y), c = magnitude(z);
    struct scaled product = {a.significand * b.significand << 20, a.exponent + b.exponent - 20};
    struct scaled addend = {c.significand << 72, c.exponent - 72};
    int product_negative = is_negative(x) != is_negative(y);
    int addend_negative = is_negative(z);
    int distance = product.exponent - addend.exponent;
    struct scaled sum = {.exponent = distance > 0 ? product.exponent : addend.exponent};

    if (distance > 0)
        addend.significand = shift_down_sticky(addend.significand, distance);
    else
        product.significand = shift_down_sticky(product.significand, -distance);

    int negative = product_negative;
    if (product_negative == addend_negative) {
        sum.significand = product.significand + addend.significand;
    } else if (product.significand >= addend.significand) {
        sum.significand = product.significand - addend.significand;
    } else {
        sum.significand = addend.significand - product.significand;
        negative = addend_negative;
    }
    if (!sum.significand)
        return 0.0;
    double result = round_to_double(sum);
    return negative ? -result : result;
}
