#include "page_tables.h"

#include <stdbool.h>

enum { TABLE_SHIFT = 21, DIRECTORY_SHIFT = 30 };

_Static_assert(SLOT_DIRECTORIES <= 64, "one word of bits");

static bool test_bit(const uint64_t *bits, uintptr_t index)
{
    return bits[index / 64] >> (index % 64) & 1;
}

/* Bits of [low, high) that are not set yet, where one bit stands for 2^shift bytes of absolute address space. */
static uint64_t missing(const uint64_t *bits, unsigned shift, uintptr_t base, uintptr_t low, uintptr_t high)
{
    uint64_t count = 0;
    for (uintptr_t index = low >> shift; index <= (high - 1) >> shift; index++)
        count += !test_bit(bits, index - (base >> shift));
    return count;
}

static void add(uint64_t *bits, unsigned shift, uintptr_t base, uintptr_t low, uintptr_t high)
{
    for (uintptr_t index = low >> shift; index <= (high - 1) >> shift; index++) {
        uintptr_t bit = index - (base >> shift);
        bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}

uint64_t page_tables_missing(const struct page_tables *seen, uintptr_t slot_base, uintptr_t low, uintptr_t high)
{
    return missing(seen->tables, TABLE_SHIFT, slot_base, low, high)
         + missing(seen->directories, DIRECTORY_SHIFT, slot_base, low, high);
}

void page_tables_add(struct page_tables *seen, uintptr_t slot_base, uintptr_t low, uintptr_t high)
{
    add(seen->tables, TABLE_SHIFT, slot_base, low, high);
    add(seen->directories, DIRECTORY_SHIFT, slot_base, low, high);
}
