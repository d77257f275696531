/* Slots: the reserved address space of one process each (see slot_layout.h), pooled.
 *
 * A1. At every moment every byte of every slot is our mapping.  A slot is never unmapped: a hole would be
 *     filled by the host's next malloc, inside some guest's window.
 * A2. No huge pages (a touched byte would cost 2 MiB), no copies in forked children, none in core dumps.
 * A3. An idle process needs at most six mappings: guard areas inside accessible memory are page-table markers
 *     (MADV_GUARD_INSTALL) where the kernel has them. What is mapped in place of reserved memory is advised as in A2,
 *     so that equal neighbours are one mapping.
 *
 * A slot from the pool is clean: inaccessible, and without a byte of its predecessor.
 */
#ifndef MOTTE_SLOT_H
#define MOTTE_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slot_layout.h"

struct cell_memory;

struct slot {
    uintptr_t base;
    uintptr_t stack_top; /* of the native stack */
    struct slot *next_free;
    struct cell_memory *cell; /* of a process that runs in a cell: what is done to the slot is done there, too; NULL */
};

/* A clean slot; NULL if the host has no address space or memory left. */
struct slot *slot_acquire(void);

/* Cleans it. Nobody may be using it: its thread has left, no copy is under way. */
void slot_release(struct slot *slot);

/* Opens [low, high) of the slot: it reads as zeros until written. False if the host refuses, with nothing changed
 * that matters. */
bool slot_open(struct slot *slot, uintptr_t low, uintptr_t high, bool writable);

/* Closes [low, high) and drops its bytes. False if the host refuses. */
bool slot_shut(struct slot *slot, uintptr_t low, uintptr_t high);

/* Makes [low, high) inaccessible and keeps its bytes. */
bool slot_deny(struct slot *slot, uintptr_t low, uintptr_t high);

/* Makes [low, high) read as it did when it was mapped, whatever its access: as zeros, or as the file. */
bool slot_discard(struct slot *slot, uintptr_t low, uintptr_t high);

/* Opens [low, high) with the bytes of a sealed file from `offset` on in it; what is written stays in the slot. False
 * as for slot_open, but that the range may then hold anything: the slot can only be released. */
bool slot_map_file(struct slot *slot, uintptr_t low, uintptr_t high, bool writable, int descriptor, uint64_t offset);

/* Makes [low, high) as it is in a clean slot, without its page tables as far as they hold nothing else. False as for
 * slot_map_file. */
bool slot_replace(struct slot *slot, uintptr_t low, uintptr_t high);

/* Moves the pages of the host at `from` into [low, high), with their access and advice, which is A2's; and back from
 * [low, high), which is closed then, to `to`.  The bytes are not touched: page tables are.  The range of the host's stays
 * mapped, and reads as zeros.  Both ranges are one mapping each.  False, with nothing moved, if the host refuses.
 *
 * If it refuses to close what the pages have left (*closed), zeros can be had there that nobody pays for: whoever runs in
 * this slot must not go on. */
bool slot_take_in(struct slot *slot, uintptr_t low, uintptr_t high, void *from);
bool slot_hand_out(struct slot *slot, uintptr_t low, uintptr_t high, void *to, bool *closed);

/* Shows the shared pages of the host at `from` in [low, high), too: readable. */
bool slot_show(struct slot *slot, uintptr_t low, uintptr_t high, void *from);

/* A2, for the host's pages that are to be moved. */
bool slot_advise(void *start, size_t size);

/* Opens the fixed part: the page of the context and the native stack's first bytes, and the guard above it. */
bool slot_open_front(struct slot *slot);

static inline uintptr_t slot_window(const struct slot *slot)
{
    return slot->base + SLOT_WINDOW;
}

static inline uintptr_t slot_front_page(const struct slot *slot)
{
    return slot->base + SLOT_FRONT_PAGE;
}

/* Usually the context; but that one's page is the host's alone where a cell has the rest (cells/cell_image.c). */
static inline uintptr_t slot_stack_top(const struct slot *slot)
{
    return slot->stack_top;
}

/* Where the native stack ends that is mapped from the start. */
static inline uintptr_t slot_first_stack_page(const struct slot *slot)
{
    return (slot->stack_top - 1) / MOTTE_PAGE_SIZE * MOTTE_PAGE_SIZE;
}

static inline struct context *slot_context(const struct slot *slot)
{
    return (struct context *)(slot->base + SLOT_CONTEXT);
}

/* Counts forks: what was made under another number does not exist in this OS process. */
uint32_t slot_fork_generation(void);

/* Called once, before the first slot: a forked child starts with an empty pool. */
bool slots_prepare(void);

#endif
