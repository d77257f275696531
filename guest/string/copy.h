/*
 * Copies of any size between places that may overlap: the body of both memcpy
 * and memmove.
 *
 * Up to 256 bytes, everything is loaded before anything is stored, by pairs of
 * vectors that meet or overlap in the middle, so that no size needs a loop or a
 * byte-wise rest.  Longer copies load both ends first, then move aligned blocks
 * in the direction that never overwrites what is still to be read.
 *
 * None of this may be turned into a call of memcpy: it is compiled without
 * builtins.
 */

#ifndef COPY_H
#define COPY_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t any16 __attribute__((may_alias, aligned(1)));
typedef uint32_t any32 __attribute__((may_alias, aligned(1)));
typedef uint64_t any64 __attribute__((may_alias, aligned(1)));
typedef uint8_t any128 __attribute__((vector_size(16), may_alias, aligned(1)));
typedef uint8_t any256 __attribute__((vector_size(32), may_alias, aligned(1)));
typedef uint8_t aligned256 __attribute__((vector_size(32), may_alias));

#define VECTOR 32
#define BLOCK (4 * VECTOR)

/* Copies `sizeof(type)` to twice that many bytes: its first and last, which may overlap. */
#define COPY_ENDS(type) \
	do { \
		type first = *(const type *)from; \
		type last = *(const type *)(from + size - sizeof(type)); \
		*(type *)to = first; \
		*(type *)(to + size - sizeof(type)) = last; \
	} while (0)

static inline __attribute__((always_inline)) void copy_below_16(char *to, const char *from, size_t size)
{
	if (size >= 8)
		COPY_ENDS(any64);
	else if (size >= 4)
		COPY_ENDS(any32);
	else if (size >= 2)
		COPY_ENDS(any16);
	else if (size)
		*to = *from;
}

static inline __attribute__((always_inline)) void copy_65_to_128(char *to, const char *from, size_t size)
{
	any256 a = *(const any256 *)from;
	any256 b = *(const any256 *)(from + VECTOR);
	any256 c = *(const any256 *)(from + size - 2 * VECTOR);
	any256 d = *(const any256 *)(from + size - VECTOR);
	*(any256 *)to = a;
	*(any256 *)(to + VECTOR) = b;
	*(any256 *)(to + size - 2 * VECTOR) = c;
	*(any256 *)(to + size - VECTOR) = d;
}

static inline __attribute__((always_inline)) void copy_129_to_256(char *to, const char *from, size_t size)
{
	any256 head[4], tail[4];

	for (int i = 0; i < 4; i++) {
		head[i] = *(const any256 *)(from + i * VECTOR);
		tail[i] = *(const any256 *)(from + size - BLOCK + i * VECTOR);
	}
	for (int i = 0; i < 4; i++) {
		*(any256 *)(to + i * VECTOR) = head[i];
		*(any256 *)(to + size - BLOCK + i * VECTOR) = tail[i];
	}
}

/* The destination does not begin inside the source: forward, destination aligned. */
static inline __attribute__((always_inline)) void copy_forward(char *to, const char *from, size_t size)
{
	any256 first = *(const any256 *)from;
	any256 tail[4];
	char *end = to + size;

	for (int i = 0; i < 4; i++)
		tail[i] = *(const any256 *)(from + size - BLOCK + i * VECTOR);

	size_t skip = VECTOR - ((uintptr_t)to & (VECTOR - 1));
	char *write = to + skip;
	const char *read = from + skip;
	do {
		any256 a = *(const any256 *)read;
		any256 b = *(const any256 *)(read + VECTOR);
		any256 c = *(const any256 *)(read + 2 * VECTOR);
		any256 d = *(const any256 *)(read + 3 * VECTOR);
		*(aligned256 *)write = a;
		*(aligned256 *)(write + VECTOR) = b;
		*(aligned256 *)(write + 2 * VECTOR) = c;
		*(aligned256 *)(write + 3 * VECTOR) = d;
		write += BLOCK;
		read += BLOCK;
	} while (write < end - BLOCK);

	for (int i = 0; i < 4; i++)
		*(any256 *)(end - BLOCK + i * VECTOR) = tail[i];
	*(any256 *)to = first;
}

/* The destination begins inside the source: backward, the destination's end aligned. */
static inline __attribute__((always_inline)) void copy_backward(char *to, const char *from, size_t size)
{
	any256 last = *(const any256 *)(from + size - VECTOR);
	any256 head[4];
	char *end = to + size;

	for (int i = 0; i < 4; i++)
		head[i] = *(const any256 *)(from + i * VECTOR);

	size_t skip = (uintptr_t)end & (VECTOR - 1);
	char *write = end - skip;
	const char *read = from + size - skip;
	do {
		any256 a = *(const any256 *)(read - VECTOR);
		any256 b = *(const any256 *)(read - 2 * VECTOR);
		any256 c = *(const any256 *)(read - 3 * VECTOR);
		any256 d = *(const any256 *)(read - 4 * VECTOR);
		write -= BLOCK;
		read -= BLOCK;
		*(aligned256 *)(write + 3 * VECTOR) = a;
		*(aligned256 *)(write + 2 * VECTOR) = b;
		*(aligned256 *)(write + VECTOR) = c;
		*(aligned256 *)write = d;
	} while (write > to + BLOCK);

	for (int i = 0; i < 4; i++)
		*(any256 *)(to + i * VECTOR) = head[i];
	*(any256 *)(end - VECTOR) = last;
}

static inline __attribute__((always_inline)) void copy_bytes(char *to, const char *from, size_t size)
{
	if (size < 16)
		copy_below_16(to, from, size);
	else if (size <= 32)
		COPY_ENDS(any128);
	else if (size <= 64)
		COPY_ENDS(any256);
	else if (size <= 128)
		copy_65_to_128(to, from, size);
	else if (size <= 256)
		copy_129_to_256(to, from, size);
	else if ((uintptr_t)to - (uintptr_t)from >= size)
		copy_forward(to, from, size);
	else
		copy_backward(to, from, size);
}

#endif
