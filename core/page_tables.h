/* Which page tables a slot makes the kernel keep: one page for each 2 MiB, and one for each 1 GiB, ever mapped.
 *
 * A guest that touches sparsely and frees again leaves the tables behind with no data in them; hence they are charged
 * like data, and given back only with the whole slot.
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
    uint64_t tables[(SLOT_TABLES + 63) / 64];
    uint64_t directories[1];
};

/* Tables that mapping [low, high) would add; host addresses within the slot that starts at `slot_base`. */
uint64_t page_tables_missing(const struct page_tables *seen, uintptr_t slot_base, uintptr_t low, uintptr_t high);
void page_tables_add(struct page_tables *seen, uintptr_t slot_base, uintptr_t low, uintptr_t high);

#endif
