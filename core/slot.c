#define _GNU_SOURCE
#include "slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cells/cell_memory.h"
#include "panic.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* Linux 5.7 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot *pool; /* under pool_lock */
static _Atomic uint32_t fork_generation;

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

/* On a fresh mapping. */
bool slot_advise(void *start, size_t size)
{
    return madvise(start, size, MADV_DONTFORK) == 0 && madvise(start, size, MADV_DONTDUMP) == 0
        && (madvise(start, size, MADV_NOHUGEPAGE) == 0 || errno == EINVAL); /* EINVAL: a kernel without them */
}

/* `size` bytes of aligned address space, or 0. Alignment is cut out of a larger piece, whose ends are no part of any
 * slot. */
static uintptr_t map_aligned(size_t size)
{
    char *start = mmap(NULL, size + SLOT_GROUP_ALIGNMENT, PROT_NONE, RESERVED, -1, 0);
    if (start == MAP_FAILED)
        return 0;
    uintptr_t base = ((uintptr_t)start + SLOT_GROUP_ALIGNMENT - 1) & ~(SLOT_GROUP_ALIGNMENT - 1);
    size_t before = base - (uintptr_t)start;
    if (before)
        munmap(start, before);
    if (before < SLOT_GROUP_ALIGNMENT)
        munmap((void *)(base + size), SLOT_GROUP_ALIGNMENT - before);
    return base;
}

/* New slots side by side, so that one mapping is the trailing guard of each and the leading guard of the next.  As
 * many as the host allows; NULL if that is none. */
static struct slot *reserve(size_t count)
{
    struct slot *first = NULL;
    uintptr_t next = map_aligned(count * SLOT_SIZE), end = next + count * SLOT_SIZE;
    for (; next && next < end; next += SLOT_SIZE) {
        struct slot *slot = calloc(1, sizeof *slot);
        if (!slot || !slot_advise((void *)next, SLOT_SIZE)) {
            free(slot);
            munmap((void *)next, end - next); /* no slot yet */
            break;
        }
        slot->base = next;
        slot->stack_top = next + SLOT_STACK_TOP;
        slot->next_free = first;
        first = slot;
    }
    return first;
}

static struct slot *take_from_pool(void)
{
    pthread_mutex_lock(&pool_lock);
    struct slot *slot = pool;
    if (slot) {
        pool = slot->next_free;
        slot->next_free = NULL;
    }
    pthread_mutex_unlock(&pool_lock);
    return slot;
}

/* Takes a whole list. */
static void put_into_pool(struct slot *slots)
{
    pthread_mutex_lock(&pool_lock);
    while (slots) {
        struct slot *next = slots->next_free;
        slots->next_free = pool;
        pool = slots;
        slots = next;
    }
    pthread_mutex_unlock(&pool_lock);
}

struct slot *slot_acquire(void)
{
    struct slot *slot = take_from_pool();
    if (slot)
        return slot;
    slot = reserve(SLOTS_IN_GROUP);
    if (!slot)
        slot = reserve(1);
    if (slot) {
        put_into_pool(slot->next_free);
        slot->next_free = NULL;
    }
    return slot;
}

/* Where replacing a mapping fails (the host is out of mappings) the kernel promises little: if even one byte of the range
 * is not ours any more, A1 is broken. */
static void require_whole(void *start, size_t size)
{
    bool whole = msync(start, size, MS_ASYNC) == 0 || errno != ENOMEM;
    require(whole, "a slot could not be mapped and has a hole now");
}

/* One call replaces everything by a fresh, untouched mapping; a range for which that fails is never used again. */
static bool map_over(uintptr_t low, uintptr_t high, int protection, int descriptor, uint64_t offset)
{
    void *start = (void *)low;
    int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED | (descriptor < 0 ? MAP_ANONYMOUS : 0);
    bool mapped = mmap(start, high - low, protection, flags, descriptor, (off_t)offset) == start;
    if (mapped && slot_advise(start, high - low))
        return true;
    require_whole(start, high - low);
    return false;
}

void slot_release(struct slot *slot)
{
    if (slot->cell)
        cell_memory_destroy(slot->cell);
    slot->cell = NULL;
    slot->stack_top = slot->base + SLOT_STACK_TOP;
    if (!map_over(slot->base, slot->base + SLOT_SIZE, PROT_NONE, -1, 0)) {
        free(slot); /* its address space stays reserved for ever */
        return;
    }
    put_into_pool(slot);
}

static void require_inside(const struct slot *slot, uintptr_t low, uintptr_t high)
{
    bool inside = slot->base <= low && low < high && high <= slot->base + SLOT_SIZE;
    require(inside && (low | high) % MOTTE_PAGE_SIZE == 0, "a mapping was asked for outside its slot");
}

bool slot_open(struct slot *slot, uintptr_t low, uintptr_t high, bool writable)
{
    require_inside(slot, low, high);
    if (slot->cell)
        return cell_memory_open(slot->cell, low, high, writable);
    return mprotect((void *)low, high - low, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

bool slot_map_file(struct slot *slot, uintptr_t low, uintptr_t high, bool writable, int descriptor, uint64_t offset)
{
    require_inside(slot, low, high);
    return map_over(low, high, writable ? PROT_READ | PROT_WRITE : PROT_READ, descriptor, offset);
}

bool slot_replace(struct slot *slot, uintptr_t low, uintptr_t high)
{
    require_inside(slot, low, high);
    return slot->cell ? cell_memory_replace(slot->cell, low, high) : map_over(low, high, PROT_NONE, -1, 0);
}

bool slot_shut(struct slot *slot, uintptr_t low, uintptr_t high)
{
    require_inside(slot, low, high);
    if (slot->cell)
        return cell_memory_replace(slot->cell, low, high);
    /* Access ends before the bytes do, so that nobody can write to a page that is already counted as gone. */
    return slot_deny(slot, low, high) && slot_discard(slot, low, high);
}

bool slot_deny(struct slot *slot, uintptr_t low, uintptr_t high)
{
    require_inside(slot, low, high);
    if (slot->cell)
        return cell_memory_deny(slot->cell, low, high);
    return mprotect((void *)low, high - low, PROT_NONE) == 0;
}

bool slot_discard(struct slot *slot, uintptr_t low, uintptr_t high)
{
    require_inside(slot, low, high);
    if (slot->cell)
        return cell_memory_discard(slot->cell, low, high);
    return madvise((void *)low, high - low, MADV_DONTNEED) == 0;
}

/* --- pages that move -------------------------------------------------------------------------------------------------- */

/* In one step of the kernel's, and without a hole where the pages were. */
static bool move(void *to, void *from, size_t size, int flags)
{
    if (mremap(from, flags & MREMAP_DONTUNMAP ? size : 0, size, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to) == to)
        return true;
    require_whole(to, size);
    return false;
}

bool slot_take_in(struct slot *slot, uintptr_t low, uintptr_t high, void *from)
{
    require_inside(slot, low, high);
    return move((void *)low, from, high - low, MREMAP_DONTUNMAP);
}

bool slot_hand_out(struct slot *slot, uintptr_t low, uintptr_t high, void *to, bool *closed)
{
    require_inside(slot, low, high);
    if (!move(to, (void *)low, high - low, MREMAP_DONTUNMAP))
        return false;
    *closed = slot_deny(slot, low, high) || map_over(low, high, PROT_NONE, -1, 0);
    return true;
}

bool slot_show(struct slot *slot, uintptr_t low, uintptr_t high, void *from)
{
    require_inside(slot, low, high);
    return move((void *)low, from, high - low, 0);
}

/* An inaccessible range inside accessible memory: a marker in the page tables if possible, else a mapping of its own.
 */
static bool install_guard(uintptr_t low, uint64_t size)
{
    return madvise((void *)low, size, MADV_GUARD_INSTALL) == 0 || mprotect((void *)low, size, PROT_NONE) == 0;
}

bool slot_open_front(struct slot *slot)
{
    if (slot->cell)
        return mprotect((void *)slot_front_page(slot), MOTTE_PAGE_SIZE, PROT_READ | PROT_WRITE) == 0
            && slot_open(slot, slot_first_stack_page(slot), slot_first_stack_page(slot) + MOTTE_PAGE_SIZE, true);
    uintptr_t window = slot_window(slot);
    return slot_open(slot, slot_front_page(slot), window + MOTTE_NULL_GUARD_END, true)
        && install_guard(window, MOTTE_NULL_GUARD_END);
}

/* --- fork: DONTFORK leaves the child no slots -------------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&pool_lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&pool_lock);
}

static void after_fork_in_child(void)
{
    pool = NULL;
    atomic_fetch_add(&fork_generation, 1);
    pthread_mutex_unlock(&pool_lock);
}

uint32_t slot_fork_generation(void)
{
    return atomic_load(&fork_generation);
}

bool slots_prepare(void)
{
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}
