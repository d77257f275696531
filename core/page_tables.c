#include "page_tables.h"

#include <stddef.h>

enum { TABLE_SHIFT = 21, DIRECTORY_SHIFT = 30 };

_Static_assert(SLOT_DIRECTORIES <= 64, "one word of bits");

struct page_tables page_tables_of_slot(uintptr_t base)
{
    return (struct page_tables){.phase = base & ((UINT64_C(1) << DIRECTORY_SHIFT) - 1)};
}

/* The bits of [low, high) that are not set yet, where one stands for 2^shift bytes. */
static uint64_t missing(const uint64_t *bits, unsigned shift, uint64_t low, uint64_t high)
{
    uint64_t count = 0;
    for (uint64_t bit = low >> shift; bit <= (high - 1) >> shift; bit++)
        count += ~bits[bit / 64] >> (bit % 64) & 1;
    return count;
}

static void add(uint64_t *bits, unsigned shift, uint64_t low, uint64_t high)
{
    for (uint64_t bit = low >> shift; bit <= (high - 1) >> shift; bit++)
        bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

uint64_t page_tables_missing(const struct page_tables *seen, uint64_t low, uint64_t high)
{
    return missing(seen->tables, TABLE_SHIFT, low, high)
         + missing(seen->directories, DIRECTORY_SHIFT, low + seen->phase, high + seen->phase);
}

void page_tables_add(struct page_tables *seen, uint64_t low, uint64_t high)
{
    add(seen->tables, TABLE_SHIFT, low, high);
    add(seen->directories, DIRECTORY_SHIFT, low + seen->phase, high + seen->phase);
}

struct page_tables page_tables_moved(const struct page_tables *seen, uintptr_t base)
{
    struct page_tables moved = *seen;
    moved.phase = page_tables_of_slot(base).phase;
    moved.directories[0] = 0;
    for (uint64_t i = 0; i < sizeof seen->tables / sizeof *seen->tables; i++)
        for (uint64_t bits = seen->tables[i]; bits; bits &= bits - 1) {
            uint64_t place = moved.phase + ((i * 64 + (uint64_t)__builtin_ctzll(bits)) << TABLE_SHIFT);
            add(moved.directories, DIRECTORY_SHIFT, place, place + 1);
        }
    return moved;
}

uint64_t page_tables_count(const struct page_tables *seen)
{
    uint64_t count = (uint64_t)__builtin_popcountll(seen->directories[0]);
    for (size_t i = 0; i < sizeof seen->tables / sizeof *seen->tables; i++)
        if (seen->tables[i]) /* few are not 0, and counting is a call */
            count += (uint64_t)__builtin_popcountll(seen->tables[i]);
    return count;
}
