/*
 * 128-bit division.  The CPU divides 128 by 64 bits, but no C expression says
 * so, and inline assembly is not for guests.  So quotients are made of 32-bit
 * digits, each estimated by a 64-bit division and corrected at most twice
 * (Knuth, The Art of Computer Programming, volume 2, algorithm 4.3.1 D).
 */

#ifndef DIVIDE_H
#define DIVIDE_H

#include <stdint.h>

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

#define LOW(value) ((uint64_t)(value))
#define HIGH(value) ((uint64_t)((value) >> 64))
#define DIGIT_MASK UINT64_C(0xffffffff)

/*
 * The next quotient digit of `rest`, which has one digit more than the
 * normalised `divisor`; leaves the remainder with `digit` appended.
 */
static inline uint64_t quotient_digit(uint64_t *rest, uint64_t digit, uint64_t divisor)
{
    uint64_t top = divisor >> 32, low = divisor & DIGIT_MASK;
    uint64_t quotient = *rest / top, remainder = *rest % top;

    while (quotient > DIGIT_MASK || quotient * low > (remainder << 32 | digit)) {
        quotient--;
        remainder += top;
        if (remainder > DIGIT_MASK)
            break;
    }
    *rest = (*rest << 32 | digit) - quotient * divisor;
    return quotient;
}

/* Divides where the quotient fits 64 bits: HIGH(dividend) < divisor, and the divisor's top bit is set. */
static inline uint64_t divide_normalised(wide dividend, uint64_t divisor, uint64_t *remainder)
{
    uint64_t rest = HIGH(dividend);
    uint64_t high = quotient_digit(&rest, LOW(dividend) >> 32, divisor);
    uint64_t low = quotient_digit(&rest, LOW(dividend) & DIGIT_MASK, divisor);

    *remainder = rest;
    return high << 32 | low;
}

static inline wide divide_by_word(wide dividend, uint64_t divisor, wide *remainder)
{
    uint64_t high = HIGH(dividend) / divisor, rest = HIGH(dividend) % divisor;
    int shift = __builtin_clzll(divisor);
    uint64_t low = divide_normalised(((wide)rest << 64 | LOW(dividend)) << shift, divisor << shift, &rest);

    *remainder = rest >> shift;
    return (wide)high << 64 | low;
}

/*
 * A divisor of more than 64 bits: its top 64 bits give a quotient that is
 * right or one too great; halving the dividend first keeps it within a word.
 */
static inline wide divide_by_wide(wide dividend, wide divisor, wide *remainder)
{
    int shift = __builtin_clzll(HIGH(divisor));
    uint64_t ignored;
    uint64_t quotient = divide_normalised(dividend >> 1, HIGH(divisor << shift), &ignored) >> (63 - shift);

    if (quotient)
        quotient--;
    *remainder = dividend - quotient * divisor;
    if (*remainder >= divisor) {
        *remainder -= divisor;
        quotient++;
    }
    return quotient;
}

/* Quotient and remainder; a zero divisor faults, as the CPU's own division does. */
static inline wide divide(wide dividend, wide divisor, wide *remainder)
{
    if (HIGH(divisor))
        return divide_by_wide(dividend, divisor, remainder);
    if (HIGH(dividend))
        return divide_by_word(dividend, LOW(divisor), remainder);
    *remainder = LOW(dividend) % LOW(divisor);
    return LOW(dividend) / LOW(divisor);
}

static inline wide absolute(signed_wide value)
{
    return value < 0 ? -(wide)value : (wide)value;
}

static inline signed_wide with_sign(wide magnitude, int negative)
{
    return (signed_wide)(negative ? -magnitude : magnitude);
}

/* Truncates towards zero; the remainder has the dividend's sign. */
static inline signed_wide divide_signed(signed_wide dividend, signed_wide divisor, signed_wide *remainder)
{
    wide rest;
    wide quotient = divide(absolute(dividend), absolute(divisor), &rest);

    *remainder = with_sign(rest, dividend < 0);
    return with_sign(quotient, (dividend < 0) != (divisor < 0));
}

#endif
