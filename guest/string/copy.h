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

typedef uint32_t any32 __attribute__((may_alias, aligned(1)));
typedef uint64_t any64 __attribute__((may_alias, aligned(1)));
typedef uint8_t any128 __attribute__((vector_size(16), may_alias, aligned(1)));
typedef uint8_t any256 __attribute__((vector_size(32), may_alias, aligned(1)));
typedef uint8_t any512 __attribute__((vector_size(64), may_alias, aligned(1)));
typedef uint8_t aligned512 __attribute__((vector_size(64), may_alias));

/* One register where the CPU has AVX-512, else two or four. */
#define VECTOR 64
#define BLOCK (4 * VECTOR)

#define INLINE static inline __attribute__((always_inline))

/* Copies `sizeof(type)` to twice that many bytes: its first and last, which may overlap. */
#define COPY_ENDS(type) \
    do { \
        type first = *(const type *)from; \
        type last = *(const type *)(from + size - sizeof(type)); \
        *(type *)to = first; \
        *(type *)(to + size - sizeof(type)) = last; \
    } while (0)

INLINE void copy_1_to_3(char *to, const char *from, size_t size)
{
    char first = from[0], middle = from[size >> 1], last = from[size - 1];
    to[0] = first;
    to[size >> 1] = middle;
    to[size - 1] = last;
}

INLINE void copy_below_16(char *to, const char *from, size_t size)
{
    if (size >= 8)
        COPY_ENDS(any64);
    else if (size >= 4)
        COPY_ENDS(any32);
    else if (size)
        copy_1_to_3(to, from, size);
}

INLINE void copy_129_to_256(char *to, const char *from, size_t size)
{
    any512 a = *(const any512 *)from;
    any512 b = *(const any512 *)(from + VECTOR);
    any512 c = *(const any512 *)(from + size - 2 * VECTOR);
    any512 d = *(const any512 *)(from + size - VECTOR);
    *(any512 *)to = a;
    *(any512 *)(to + VECTOR) = b;
    *(any512 *)(to + size - 2 * VECTOR) = c;
    *(any512 *)(to + size - VECTOR) = d;
}

/* The destination does not begin inside the source: forward, destination aligned. */
INLINE void copy_forward(char *to, const char *from, size_t size)
{
    any512 first = *(const any512 *)from;
    any512 tail[4];
    char *end = to + size;

    for (int i = 0; i < 4; i++)
        tail[i] = *(const any512 *)(from + size - BLOCK + i * VECTOR);

    size_t skip = VECTOR - ((uintptr_t)to & (VECTOR - 1));
    char *write = to + skip;
    const char *read = from + skip;
    while (write < end - BLOCK) {
        any512 a = *(const any512 *)read;
        any512 b = *(const any512 *)(read + VECTOR);
        any512 c = *(const any512 *)(read + 2 * VECTOR);
        any512 d = *(const any512 *)(read + 3 * VECTOR);
        *(aligned512 *)write = a;
        *(aligned512 *)(write + VECTOR) = b;
        *(aligned512 *)(write + 2 * VECTOR) = c;
        *(aligned512 *)(write + 3 * VECTOR) = d;
        write += BLOCK;
        read += BLOCK;
    }

    for (int i = 0; i < 4; i++)
        *(any512 *)(end - BLOCK + i * VECTOR) = tail[i];
    *(any512 *)to = first;
}

/* The destination begins inside the source: backward, the destination's end aligned. */
INLINE void copy_backward(char *to, const char *from, size_t size)
{
    any512 last = *(const any512 *)(from + size - VECTOR);
    any512 head[4];
    char *end = to + size;

    for (int i = 0; i < 4; i++)
        head[i] = *(const any512 *)(from + i * VECTOR);

    size_t skip = (uintptr_t)end & (VECTOR - 1);
    char *write = end - skip;
    const char *read = from + size - skip;
    while (write > to + BLOCK) {
        any512 a = *(const any512 *)(read - VECTOR);
        any512 b = *(const any512 *)(read - 2 * VECTOR);
        any512 c = *(const any512 *)(read - 3 * VECTOR);
        any512 d = *(const any512 *)(read - 4 * VECTOR);
        write -= BLOCK;
        read -= BLOCK;
        *(aligned512 *)(write + 3 * VECTOR) = a;
        *(aligned512 *)(write + 2 * VECTOR) = b;
        *(aligned512 *)(write + VECTOR) = c;
        *(aligned512 *)write = d;
    }

    for (int i = 0; i < 4; i++)
        *(any512 *)(to + i * VECTOR) = head[i];
    *(any512 *)(end - VECTOR) = last;
}

INLINE void copy_bytes(char *to, const char *from, size_t size)
{
    if (size < 32) {
        if (size >= 16)
            COPY_ENDS(any128);
        else
            copy_below_16(to, from, size);
    } else if (size <= 64) {
        COPY_ENDS(any256);
    } else if (size <= 128) {
        COPY_ENDS(any512);
    } else if (size <= 256) {
        copy_129_to_256(to, from, size);
    } else if ((uintptr_t)to - (uintptr_t)from >= size) {
        copy_forward(to, from, size);
    } else {
        copy_backward(to, from, size);
    }
}

#endif
