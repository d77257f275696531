/* Counts of set bits and their parity; sums of neighbouring fields, then one multiplication adds all bytes. */

#include <stdint.h>

static int count(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int)(bits * UINT64_C(0x0101010101010101) >> 56);
}

int __popcountsi2(uint32_t value)
{
    return count(value);
}

int __popcountdi2(uint64_t value)
{
    return count(value);
}

int __popcountti2(unsigned __int128 value)
{
    return count((uint64_t)value) + count((uint64_t)(value >> 64));
}

int __paritysi2(uint32_t value)
{
    return count(value) & 1;
}

int __paritydi2(uint64_t value)
{
    return count(value) & 1;
}

int __parityti2(unsigned __int128 value)
{
    return count((uint64_t)value ^ (uint64_t)(value >> 64)) & 1;
}
