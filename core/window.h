/* What is mapped in a process's window: a sorted list of areas, and the pages charged for them.
 *
 * The list is the truth; the host's mappings follow it.  It is touched only by the thread that runs the
 * process (in its gates and its fault handler), or by the creator before the process starts.
 *
 * Pages are charged when they become usable, not when they are touched: a page that was once accessible
 * stays charged until it is unmapped.  Page tables are charged with the first mapping in each 2 MiB.
 * The number of areas is limited per process and over all processes, because host mappings
 * (vm.max_map_count) are shared with the rest of the host process.
 *
 * All functions here check everything before they change anything.  They return 0 or
 *   -EINVAL  the range is not page-aligned, is empty, or reaches below the null guard or past the exchange area
 *   -ENOMEM  the bank is exhausted, or there are too many areas
 * and what else is said below.
 */
#ifndef MOTTE_WINDOW_H
#define MOTTE_WINDOW_H

#include "areas.h"
#include "guest_memory.h"

struct window {
    struct area_list areas;
    uint32_t initial_areas;  /* whose mappings were charged with the slot */
    uint32_t mappings;       /* charged with host_mappings_charge for more areas than these */
    uint32_t image_end;      /* window address: below it, pages may be a file's */
    bool image_replaced;     /* by other pages */
    uint32_t berths;         /* of the exchange area, from its start, that have been used: a mapping each */
    /* Window addresses kept for the data stack's growth and the gap above it: nothing is mapped here on demand. */
    uint32_t reserved_low, reserved_high;
};

/* New zero pages on a range that is free: -EEXIST if any page of it is mapped. With WINDOW_NO_ACCESS the range
 * is only reserved, and not charged until window_protect makes it accessible. */
int window_map(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection);

/* Frees what is mapped in the range; free pages in it are ignored. The bytes are gone. */
int window_unmap(struct process *process, guest_addr start, uint64_t pages);

/* Changes protection; -ENOENT if any page of the range is free. */
int window_protect(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection);

/* Makes accessible pages of the range read as zeros again; they stay charged. -ENOENT as above. */
int window_discard(struct process *process, guest_addr start, uint64_t pages);

/* For blocks (exchange/berths.h), whose pages somebody else moves in and out: [start, start + pages) of the exchange area is
 * in use, with one free page at least on either side.  `charged`: as pages of the window, and not of the block.  0 or
 * -ENOMEM. */
int window_lend(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection,
                bool charged);
void window_take_back(struct process *process, guest_addr start, uint64_t pages);

/* Finds the highest free range of `pages` in [low, high); -ENOMEM if there is none. */
int window_find_free(struct process *process, guest_addr low, guest_addr high, uint64_t pages, guest_addr *found);

/* True if every page of the range is mapped (whatever its protection). */
bool window_is_mapped(struct process *process, guest_addr start, uint64_t pages);

/* Makes room for the areas of an image; false if the bank or the host has no memory. */
bool window_begin(struct process *process, size_t count);

/* Forgets the list, when the slot goes back as a whole. */
void window_clear(struct process *process);

#endif
