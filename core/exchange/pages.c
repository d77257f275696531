#define _GNU_SOURCE
#include "pages.h"

#include <string.h>
#include <sys/mman.h>

#include "cells/cell_memory.h"
#include "host.h"
#include "slot.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* Linux 5.7 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

enum { OURS = MAP_ANONYMOUS | MAP_NORESERVE };

static size_t size_of(uint32_t count)
{
    return count * (size_t)MOTTE_PAGE_SIZE;
}

/* With its rest of a berth, if that can move along. */
static size_t moved_size(const struct pages *pages)
{
    bool whole = !pages->frozen && host_features()->guard_markers;
    return whole ? pages_berths(pages->count) * BERTH_SIZE : size_of(pages->count);
}

/* Whole berths, cut out of a larger piece. */
static unsigned char *map_berths(uint32_t berths, int sharing)
{
    size_t size = berths * BERTH_SIZE;
    unsigned char *start = mmap(NULL, size + BERTH_SIZE, PROT_READ | PROT_WRITE, sharing | OURS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)start % BERTH_SIZE;
    if (before)
        munmap(start, before);
    munmap(start + before + size, BERTH_SIZE - before);
    if (slot_advise(start + before, size))
        return start + before;
    munmap(start + before, size);
    return NULL;
}

static void unmap_berths(unsigned char *home, uint32_t berths)
{
    munmap(home, berths * BERTH_SIZE);
}

/* From the last page up to `end`; nothing where there are no such markers. */
static bool guard(unsigned char *home, uint32_t count, size_t end)
{
    size_t used = size_of(count);
    return !host_features()->guard_markers || used == end || madvise(home + used, end - used, MADV_GUARD_INSTALL) == 0;
}

/* --- checked blocks ------------------------------------------------------------------------------------------------------- */

bool pages_allow(struct pages *pages, bool writable)
{
    enum reach_access access = writable && !pages->frozen ? REACH_WRITE : REACH_READ;
    if (pages->access == access)
        return true;
    if (!reach_allow(pages->reach, 0, size_of(pages->count), access))
        return false;
    pages->access = (uint8_t)access;
    return true;
}

static bool reach_pages(struct pages *pages, uint32_t count)
{
    uint32_t reach = reaches_reserve() ? reach_take() : 0;
    *pages = (struct pages){.home = reach ? reach_block(reach) : NULL, .count = count, .reach = (uint16_t)reach};
    pages->fork_generation = slot_fork_generation();
    if (reach && pages_allow(pages, true))
        return true;
    if (reach)
        reach_give_back(reach);
    return false;
}

/* What the rest was in is inaccessible before it is not counted any more.  If the host refuses then, no access is what
 * is left of the whole, until somebody asks for it again. */
static bool split_reach(struct pages *pages, uint32_t count, struct pages *rest)
{
    size_t kept = size_of(count), size = size_of(pages->count) - kept;
    uint32_t reach = reach_take();
    if (!reach)
        return false;
    if (!reach_allow(pages->reach, kept, size, REACH_NOTHING)) {
        reach_give_back(reach);
        return false;
    }
    if (!reach_move(pages->reach, kept, size, reach)) {
        pages->access = REACH_NOTHING;
        reach_give_back(reach);
        return false;
    }
    *rest = (struct pages){.home = reach_block(reach), .count = pages->count - count, .reach = (uint16_t)reach};
    rest->fork_generation = pages->fork_generation;
    pages->count = count;
    return true;
}

/* --- making and ending ---------------------------------------------------------------------------------------------------- */

bool pages_create(struct pages *pages, uint32_t count, bool checked)
{
    if (checked)
        return reach_pages(pages, count);
    *pages = (struct pages){.home = map_berths(pages_berths(count), MAP_PRIVATE), .count = count};
    if (pages->home && guard(pages->home, count, moved_size(pages)))
        return true;
    if (pages->home)
        pages_destroy(pages);
    return false;
}

void pages_destroy(struct pages *pages)
{
    if (pages->reach && pages->fork_generation == slot_fork_generation())
        reach_give_back(pages->reach);
    else if (!pages->reach)
        unmap_berths(pages->home, pages_berths(pages->count));
    pages->home = NULL;
}

/* --- in a cell: copied ------------------------------------------------------------------------------------------------ */

static bool enter_cell(const struct pages *pages, struct slot *slot, uintptr_t low, bool writable)
{
    size_t size = size_of(pages->count);
    if (!cell_memory_take_in(slot->cell, low, low + size, pages->home, writable))
        return false;
    return pages->frozen || madvise(pages->home, size, MADV_DONTNEED) == 0;
}

static bool leave_cell(const struct pages *pages, struct slot *slot, uintptr_t low)
{
    uintptr_t high = low + size_of(pages->count);
    return pages->frozen ? slot_replace(slot, low, high) : cell_memory_hand_out(slot->cell, low, high, pages->home);
}

/* --- moved ---------------------------------------------------------------------------------------------------------------- */

/* The access moves along. */
static void set_home_access(const struct pages *pages, bool writable)
{
    (void)mprotect(pages->home, moved_size(pages), writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

bool pages_enter(struct pages *pages, struct slot *slot, uintptr_t low, bool writable)
{
    uintptr_t high = low + moved_size(pages);
    if (slot->cell)
        return enter_cell(pages, slot, low, writable && !pages->frozen);
    if (pages->frozen)
        return slot_show(slot, low, high, pages->home);
    if (pages->open_end && !guard(pages->home, pages->count, moved_size(pages)))
        return false;
    pages->open_end = false;
    if (!writable && mprotect(pages->home, moved_size(pages), PROT_READ) < 0)
        return false;
    if (slot_take_in(slot, low, high, pages->home))
        return true;
    if (!writable)
        set_home_access(pages, true);
    return false;
}

bool pages_leave(const struct pages *pages, struct slot *slot, uintptr_t low, bool writable, bool *closed)
{
    uintptr_t high = low + moved_size(pages);
    *closed = true;
    if (slot->cell)
        return leave_cell(pages, slot, low);
    if (pages->frozen)
        return slot_replace(slot, low, high);
    if (!slot_hand_out(slot, low, high, pages->home, closed))
        return false;
    if (!writable)
        set_home_access(pages, true);
    if (!host_features()->guard_markers)
        (void)slot_replace(slot, low, high); /* to be one mapping with its neighbours */
    return true;
}

/* --- at home ---------------------------------------------------------------------------------------------------------- */

static bool move(unsigned char *to, unsigned char *from, size_t old_size, size_t size, int flags)
{
    return mremap(from, old_size, size, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to) == to;
}

/* What moves has to be one mapping, and the last berth of the rest may reach beyond these: all of them move to a home that
 * is one berth larger first.  Where that fails, the new one may have a hole, and is not used again. */
static bool enlarge_home(struct pages *pages)
{
    size_t size = moved_size(pages);
    unsigned char *larger = map_berths(pages_berths(pages->count) + 1, MAP_PRIVATE), *home = pages->home;
    if (!larger || !move(larger, home, size, size + BERTH_SIZE, 0))
        return false;
    size_t left = pages_berths(pages->count) * BERTH_SIZE - size;
    if (left)
        munmap(home + size, left);
    pages->home = larger;
    return true;
}

/* Of a home that is too large. */
static void shrink_home(struct pages *pages, uint32_t count, uint32_t berths)
{
    pages->count = count;
    if (berths > pages_berths(count))
        munmap(pages->home + pages_berths(count) * BERTH_SIZE, (berths - pages_berths(count)) * BERTH_SIZE);
}

/* What lies behind the rest is closed before it moves; behind the others, when there is nothing any more. */
bool pages_split(struct pages *pages, uint32_t count, struct pages *rest)
{
    if (pages->reach)
        return split_reach(pages, count, rest);
    uint32_t berths = pages_berths(pages->count) + 1;
    *rest = (struct pages){.count = pages->count - count};
    size_t used = size_of(count), size = moved_size(rest);
    if (!enlarge_home(pages))
        return false;
    if (guard(pages->home, pages->count, used + size))
        rest->home = map_berths(pages_berths(rest->count), MAP_PRIVATE);
    bool split = rest->home && move(rest->home, pages->home + used, size, size, MREMAP_DONTUNMAP);
    pages->open_end = split;
    shrink_home(pages, split ? count : pages->count, berths);
    return split;
}

/* A little at a time, so that the bytes are not there twice. */
static void copy_away(unsigned char *to, unsigned char *from, size_t size)
{
    const size_t step = 64 * (size_t)MOTTE_PAGE_SIZE;
    for (size_t done = 0; done < size; done += step) {
        size_t piece = size - done < step ? size - done : step;
        memcpy(to + done, from + done, piece);
        madvise(from + done, piece, MADV_DONTNEED);
    }
}

bool pages_freeze(struct pages *pages)
{
    if (pages->reach)
        return pages->frozen = pages_allow(pages, false);
    uint32_t berths = pages_berths(pages->count);
    unsigned char *shared = map_berths(berths, MAP_SHARED);
    if (!shared)
        return false;
    copy_away(shared, pages->home, size_of(pages->count));
    bool frozen = mprotect(shared, berths * BERTH_SIZE, PROT_READ) == 0;
    if (!frozen)
        copy_away(pages->home, shared, size_of(pages->count));
    unmap_berths(frozen ? pages->home : shared, berths);
    pages->home = frozen ? shared : pages->home;
    pages->frozen = frozen;
    return frozen;
}
