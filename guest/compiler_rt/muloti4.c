/* 128-bit signed multiplication that reports overflow. */

#include <stdint.h>

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

static wide absolute(signed_wide value)
{
    return value < 0 ? -(wide)value : (wide)value;
}

signed_wide __muloti4(signed_wide a, signed_wide b, int *overflow)
{
    wide x = absolute(a), y = absolute(b);
    uint64_t x_high = x >> 64, y_high = y >> 64;
    wide product = x * y;
    int negative = (a < 0) != (b < 0);
    wide greatest = ((wide)1 << 127) - !negative;
    /* The part of the product above 64 bits that the low words do not make: at most one high word is not zero. */
    wide cross = (wide)x_high * (uint64_t)y + (wide)y_high * (uint64_t)x;
    int lost = (x_high && y_high) || cross >> 64 || (wide)(uint64_t)x * (uint64_t)y >> 64 > ~(uint64_t)cross;

    *overflow = lost || product > greatest;
    return (signed_wide)(negative ? -product : product);
}
