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

static inline __attribute__((always_inline)) void fill_below_16(char *to, uint64_t pattern, size_t size)
{
	if (size >= 8)
		FILL_ENDS(any64, pattern);
	else if (size >= 4)
		FILL_ENDS(any32, pattern);
	else if (size >= 2)
		FILL_ENDS(any16, pattern);
	else if (size)
		*to = (char)pattern;
}

static inline __attribute__((always_inline)) void fill_blocks(char *to, any256 value, size_t size)
{
	char *end = to + size;
	char *write = to + (VECTOR - ((uintptr_t)to & (VECTOR - 1)));

	*(any256 *)to = value;
	while (write < end - BLOCK) {
		for (int i = 0; i < 4; i++)
			*(aligned256 *)(write + i * VECTOR) = value;
		write += BLOCK;
	}
	for (int i = 0; i < 4; i++)
		*(any256 *)(end - BLOCK + i * VECTOR) = value;
}

void *memset(void *destination, int byte, size_t size)
{
	char *to = destination;
	any256 value = (any256){0} + (uint8_t)byte;

	if (size < 16) {
		fill_below_16(to, (uint8_t)byte * UINT64_C(0x0101010101010101), size);
	} else if (size <= 32) {
		any128 half = (any128){0} + (uint8_t)byte;
		FILL_ENDS(any128, half);
	} else if (size <= 64) {
		FILL_ENDS(any256, value);
	} else if (size <= 128) {
		*(any256 *)to = *(any256 *)(to + VECTOR) = value;
		*(any256 *)(to + size - 2 * VECTOR) = *(any256 *)(to + size - VECTOR) = value;
	} else {
		fill_blocks(to, value, size);
	}
	return destination;
}
