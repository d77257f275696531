/* Which page tables a slot makes the kernel keep: one page for each 2 MiB, and one for each 1 GiB, ever mapped.
 *
 * A guest that touches sparsely and frees again leaves the tables behind with no data in them; hence they are charged
 * like data, and given back only with the whole slot.
 *
 * Slots begin anywhere in a gibibyte, so which ranges share one depends on the slot.  What is counted is exact: it
 * follows the host's addresses.  What every process has in the same place (stack, context, image) never straddles a
 * gibibyte's end (slot_layout.h), so that a process costs the same in every slot until it maps far away.
 */
#ifndef MOTTE_PAGE_TABLES_H
#define MOTTE_PAGE_TABLES_H

#include <stdint.h>

#include "slot_layout.h"

enum {
    SLOT_TABLES = SLOT_SIZE >> 21,
    SLOT_DIRECTORIES = (SLOT_SIZE >> 30) + 2,
};

struct page_tables {
    uint64_t phase; /* where in its gibibyte the slot begins */
    uint64_t tables[(SLOT_TABLES + 63) / 64];
    uint64_t directories[1];
};

/* None yet. */
struct page_tables page_tables_of_slot(uintptr_t base);

/* The same ranges in another slot: only the directories differ, since slots are aligned to what a table maps. */
struct page_tables page_tables_moved(const struct page_tables *seen, uintptr_t base);

/* Tables that mapping [low, high) would add; offsets from the slot's base. */
uint64_t page_tables_missing(const struct page_tables *seen, uint64_t low, uint64_t high);
void page_tables_add(struct page_tables *seen, uint64_t low, uint64_t high);

/* How many there are. */
uint64_t page_tables_count(const struct page_tables *seen);

#endif
