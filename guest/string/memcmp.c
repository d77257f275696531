#include <features.h>
#include "search.h"

typedef uint32_t any32 __attribute__((may_alias, aligned(1)));
typedef uint64_t any64 __attribute__((may_alias, aligned(1)));

/* Memory order is the order of big-endian numbers. */
INLINE int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* The first four bytes and the last four, which may overlap. */
INLINE uint64_t ends_as_number(const char *bytes, size_t size)
{
    uint64_t first = __builtin_bswap32(*(const any32 *)bytes);
    return first << 32 | __builtin_bswap32(*(const any32 *)(bytes + size - 4));
}

INLINE int compare_below_8(const char *a, const char *b, size_t size)
{
    if (size >= 4)
        return order(ends_as_number(a, size), ends_as_number(b, size));
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return (uint8_t)a[i] - (uint8_t)b[i];
    return 0;
}

INLINE int compare_8_to_16(const char *a, const char *b, size_t size)
{
    uint64_t x = *(const any64 *)a, y = *(const any64 *)b;

    if (x == y) {
        x = *(const any64 *)(a + size - 8);
        y = *(const any64 *)(b + size - 8);
    }
    return order(__builtin_bswap64(x), __builtin_bswap64(y));
}

typedef uint8_t any128 __attribute__((vector_size(16), may_alias, aligned(1)));
typedef uint8_t any256 __attribute__((vector_size(32), may_alias, aligned(1)));
typedef _Bool flags128 __attribute__((ext_vector_type(16)));
typedef _Bool flags256 __attribute__((ext_vector_type(32)));

INLINE uint64_t differences_16(const char *a, const char *b)
{
    union { flags128 flags; uint16_t bits; } value = {
        __builtin_convertvector(*(const any128 *)a != *(const any128 *)b, flags128)};
    return value.bits;
}

INLINE uint64_t differences_32(const char *a, const char *b)
{
    union { flags256 flags; uint32_t bits; } value = {
        __builtin_convertvector(*(const any256 *)a != *(const any256 *)b, flags256)};
    return value.bits;
}

INLINE uint64_t differences_64(const char *a, const char *b)
{
    return bits_of((bytes512)(load(a) != load(b)));
}

INLINE int difference_at(const char *a, const char *b, size_t place)
{
    return (uint8_t)a[place] - (uint8_t)b[place];
}

/* One to two vectors of `width` bytes: the first and the last, which may overlap. */
#define COMPARE_ENDS(width) \
    do { \
        uint64_t differences = differences_##width(a, b); \
        if (differences) \
            return difference_at(a, b, first_bit(differences)); \
        differences = differences_##width(a + size - width, b + size - width); \
        return differences ? difference_at(a, b, size - width + first_bit(differences)) : 0; \
    } while (0)

int memcmp(const void *left, const void *right, size_t size)
{
    const char *a = left, *b = right;

    if (size < 8)
        return compare_below_8(a, b, size);
    if (size <= 16)
        return compare_8_to_16(a, b, size);
    if (size <= 32)
        COMPARE_ENDS(16);
    if (size <= 64)
        COMPARE_ENDS(32);
    for (; size > 2 * VECTOR; a += VECTOR, b += VECTOR, size -= VECTOR) {
        uint64_t differences = differences_64(a, b);
        if (differences)
            return difference_at(a, b, first_bit(differences));
    }
    COMPARE_ENDS(64);
}
weak_alias(memcmp, bcmp);
