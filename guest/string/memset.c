/*
 * Fills memory.  As in copy.h: short fills by overlapping pairs, long ones by
 * aligned blocks between an unaligned head and tail.
 */

#include "copy.h"

#define FILL_ENDS(type, value) \
    do { \
        *(type *)to = (type)(value); \
        *(type *)(to + size - sizeof(type)) = (type)(value); \
    } while (0)

INLINE void fill_below_16(char *to, uint64_t pattern, size_t size)
{
    if (size >= 8)
        FILL_ENDS(any64, pattern);
    else if (size >= 4)
        FILL_ENDS(any32, pattern);
    else if (size)
        to[0] = to[size >> 1] = to[size - 1] = (char)pattern;
}

INLINE void fill_blocks(char *to, any512 value, size_t size)
{
    char *end = to + size;
    char *write = to + (VECTOR - ((uintptr_t)to & (VECTOR - 1)));

    *(any512 *)to = value;
    while (write < end - BLOCK) {
        for (int i = 0; i < 4; i++)
            *(aligned512 *)(write + i * VECTOR) = value;
        write += BLOCK;
    }
    for (int i = 0; i < 4; i++)
        *(any512 *)(end - BLOCK + i * VECTOR) = value;
}

void *memset(void *destination, int byte, size_t size)
{
    char *to = destination;
    union { any512 whole; any256 half; any128 quarter; } value = {(any512){0} + (uint8_t)byte};

    if (size < 32) {
        if (size >= 16)
            FILL_ENDS(any128, value.quarter);
        else
            fill_below_16(to, (uint8_t)byte * UINT64_C(0x0101010101010101), size);
    } else if (size <= 64) {
        FILL_ENDS(any256, value.half);
    } else if (size <= 128) {
        FILL_ENDS(any512, value.whole);
    } else if (size <= 256) {
        *(any512 *)to = *(any512 *)(to + VECTOR) = value.whole;
        *(any512 *)(to + size - 2 * VECTOR) = *(any512 *)(to + size - VECTOR) = value.whole;
    } else {
        fill_blocks(to, value.whole, size);
    }
    return destination;
}
