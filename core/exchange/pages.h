/* The pages of a block, as the host sees them: they have a home in its address space, and move from there into a window and
 * back without being copied.
 *
 * The problem.  Moving pages between windows is a matter of page tables, but the kernel's mremap takes time for each page,
 * and leaves mappings behind that cannot be joined with their neighbours: a guest that received blocks of many sizes at
 * many places would use up all the mappings that the host may have.
 *
 * The answer.  A home is made of whole 2 MiB *berths*, and so is the place in a window (the rest of the last berth is filled
 * with guard markers, which are page table entries, and fault).  So whole page tables are hung elsewhere, with one and
 * the same effort for 4 KiB and for 4 MiB; and what is left behind is as many mappings as there are berths, at most.
 * Where the kernel has no guard markers, the rest is not part of the mapping, and what is left behind is mapped anew.
 *
 * Frozen pages are shared: they stay at home and are shown in windows, readable.
 *
 * The pages of a checked block never leave home: that is a reach (reaches.h), and guests come to them.
 */
#ifndef MOTTE_EXCHANGE_PAGES_H
#define MOTTE_EXCHANGE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "motte_abi.h"
#include "reaches.h"

struct slot;

enum {
    BERTH_PAGES = 512,
    HOME_MAPPINGS = 2, /* that a home takes of the host's, at most */
};
#define BERTH_SIZE (BERTH_PAGES * (uint64_t)MOTTE_PAGE_SIZE)

struct pages {
    unsigned char *home;
    uint32_t count;
    uint16_t reach;   /* of a checked block; 0: they move */
    uint8_t access;   /* enum reach_access: what of a checked block is possible now */
    uint32_t fork_generation; /* of a checked block: a child of fork has not inherited its reach */
    bool frozen;
    bool open_end; /* the rest of the last berth is not closed yet */
};

/* `count` pages of zeros, at home; false if the host refuses, or no reach is free. */
bool pages_create(struct pages *pages, uint32_t count, bool checked);
void pages_destroy(struct pages *pages);

/* A checked block: to be read, or written to as well.  Whoever could do more has it open no longer.  False if the host
 * refuses. */
bool pages_allow(struct pages *pages, bool writable);

/* Those that move: into a slot, where whole berths from `low` on are free; false, and the pages are at home still. */
bool pages_enter(struct pages *pages, struct slot *slot, uintptr_t low, bool writable);

/* Home again, where they can be written to, from where they could or could not be; false, and they are in the slot still.
 * *closed as for slot_hand_out. */
bool pages_leave(const struct pages *pages, struct slot *slot, uintptr_t low, bool writable, bool *closed);

/* Makes another of the pages from `count` on.  At home; false, and nothing has happened. */
bool pages_split(struct pages *pages, uint32_t count, struct pages *rest);

/* At home; false, and they are not frozen. */
bool pages_freeze(struct pages *pages);

/* Page tables that these pages need, of whole berths; in a reach, one of the second level, too. */
static inline uint32_t pages_tables(uint32_t count, bool checked)
{
    return (count + BERTH_PAGES - 1) / BERTH_PAGES + checked;
}

static inline uint32_t pages_berths(uint32_t count)
{
    return (count + BERTH_PAGES - 1) / BERTH_PAGES;
}

#endif
