/* Which page tables a slot makes the kernel keep: one page for each 2 MiB, and one for each 1 GiB, ever mapped.
 *
 * A guest that touches sparsely and frees again leaves the tables behind with no data in them; hence they are charged
 * like data, and given back only with the whole slot.
 *
 * What a process costs must not depend on the slot that it happens to get.  Slots are aligned to 2 MiB and not to 1 GiB;
 * so gibibytes are counted from the slot's base, and one page more is charged to every process for the boundary that
 * may lie in between (PAGE_TABLES_FIXED).
 */
#ifndef MOTTE_PAGE_TABLES_H
#define MOTTE_PAGE_TABLES_H

#include <stdint.h>

#include "slot_layout.h"

enum {
    SLOT_TABLES = SLOT_SIZE >> 21,
    SLOT_DIRECTORIES = (SLOT_SIZE >> 30) + 1,
    PAGE_TABLES_FIXED = 1,
};

struct page_tables {
    uint64_t tables[(SLOT_TABLES + 63) / 64];
    uint64_t directories[1];
};

/* Tables that mapping [low, high) would add; offsets from the slot's base. */
uint64_t page_tables_missing(const struct page_tables *seen, uint64_t low, uint64_t high);
void page_tables_add(struct page_tables *seen, uint64_t low, uint64_t high);

#endif
