/*
 * Finding bytes 64 at a time.
 *
 * A comparison of vectors gives one bit for each byte, the first byte's lowest;
 * the lowest set bit is the first hit.  Aligned vectors may be loaded although
 * only some of their bytes belong to the string: none crosses a page, so where
 * one byte can be read, all can.
 */

#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

#define VECTOR 64
#define PAGE 4096

typedef uint8_t any512 __attribute__((vector_size(VECTOR), may_alias, aligned(1)));
typedef uint8_t bytes512 __attribute__((vector_size(VECTOR), may_alias));
typedef _Bool flags512 __attribute__((ext_vector_type(VECTOR)));

INLINE uint64_t bits_of(bytes512 comparison)
{
    union { flags512 flags; uint64_t bits; } value = {__builtin_convertvector(comparison != 0, flags512)};
    return value.bits;
}

INLINE bytes512 repeat(int byte)
{
    return (bytes512){0} + (uint8_t)byte;
}

INLINE uint64_t equal(bytes512 bytes, int byte)
{
    return bits_of((bytes512)(bytes == repeat(byte)));
}

/* Bytes at which a search for `byte` ends: there, or at the terminator. */
INLINE uint64_t ends(bytes512 bytes, int byte)
{
    return bits_of((bytes512)((bytes == repeat(byte)) | (bytes == repeat(0))));
}

INLINE const char *align_down(const char *place)
{
    return (const char *)((uintptr_t)place & -(uintptr_t)VECTOR);
}

INLINE bytes512 load_aligned(const char *place)
{
    return *(const bytes512 *)place;
}

INLINE bytes512 load(const char *place)
{
    return *(const any512 *)place;
}

/* Whether an unaligned vector at `place` might touch a page that the string does not reach. */
INLINE int may_cross_page(const char *place)
{
    return ((uintptr_t)place & (PAGE - 1)) > PAGE - VECTOR;
}

INLINE unsigned first_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

#endif
