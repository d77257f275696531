#define _GNU_SOURCE
#include "reaches.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "panic.h"
#include "slot.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* Linux 5.7 */
#endif

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

/* What one page table of the second level maps.  No two blocks are as near as that. */
#define DIRECTORY_SIZE (UINT64_C(1) << 30)

_Static_assert(MOTTE_REACH_SIZE >= MOTTE_WINDOW_SIZE + MOTTE_WIDEST_ACCESS, "R1: no access reaches the next base");
_Static_assert(MOTTE_CHECKED_BLOCKS * MOTTE_CHECKED_CELL < MOTTE_WINDOW_SIZE - MOTTE_CHECKED_CELL, "R2: the last cell is free");
_Static_assert(MOTTE_CHECKED_CELL > MOTTE_NULL_GUARD_END, "R2: nothing lies just above a base");
_Static_assert(DIRECTORY_SIZE % MOTTE_CHECKED_CELL == 0 && MOTTE_REACH_SIZE % MOTTE_CHECKED_CELL == 0, "whole cells");

_Static_assert(MOTTE_CHECKED_BLOCKS < UINT64_C(1) * REACH_GROUPS * REACHES_IN_GROUP, "there are as many, and reach 0");

_Atomic uintptr_t motte_reach_groups[REACH_GROUPS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint16_t waiting[MOTTE_CHECKED_BLOCKS]; /* R5: a queue of those that are free */
static uint32_t first_waiting, waiting_count, group_count;

/* --- groups -------------------------------------------------------------------------------------------------------------- */

/* At the end of the queue. */
static void let_wait(uint32_t number)
{
    waiting[(first_waiting + waiting_count) % MOTTE_CHECKED_BLOCKS] = (uint16_t)number;
    waiting_count++;
}

/* With a cell more below, for R2, and room behind for what surrounds the last block. */
static bool reserve_group(void)
{
    const size_t size = REACH_GROUP_SIZE + 2 * DIRECTORY_SIZE;
    if (group_count * UINT64_C(1) * REACHES_IN_GROUP > MOTTE_CHECKED_BLOCKS)
        return false;
    char *start = mmap(NULL, size, PROT_NONE, RESERVED, -1, 0);
    if (start == MAP_FAILED)
        return false;
    if (!slot_advise(start, size)) {
        munmap(start, size);
        return false;
    }
    uintptr_t base = ((uintptr_t)start + MOTTE_CHECKED_CELL + DIRECTORY_SIZE - 1) & -DIRECTORY_SIZE;
    atomic_store(&motte_reach_groups[group_count], base);
    uint32_t first = group_count++ * REACHES_IN_GROUP;
    for (uint32_t number = first ? first : 1; number < first + REACHES_IN_GROUP && number <= MOTTE_CHECKED_BLOCKS; number++)
        let_wait(number);
    return true;
}

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* They are not there: slot_advise. */
static void after_fork_in_child(void)
{
    for (uint32_t i = 0; i < group_count; i++)
        atomic_store(&motte_reach_groups[i], 0);
    first_waiting = waiting_count = group_count = 0;
    pthread_mutex_unlock(&lock);
}

bool reaches_reserve(void)
{
    static bool prepared;
    pthread_mutex_lock(&lock);
    if (!prepared)
        prepared = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
    bool reserved = prepared && (group_count || reserve_group());
    pthread_mutex_unlock(&lock);
    return reserved;
}

/* --- one of them --------------------------------------------------------------------------------------------------------- */

uint32_t reach_take(void)
{
    uint32_t number = 0;
    pthread_mutex_lock(&lock);
    if (waiting_count || reserve_group()) {
        number = waiting[first_waiting];
        first_waiting = (first_waiting + 1) % MOTTE_CHECKED_BLOCKS;
        waiting_count--;
    }
    pthread_mutex_unlock(&lock);
    return number;
}

/* As slot.c's: all that the kernel promises when it fails is that we can look. */
static void require_whole(void *start, size_t size)
{
    bool whole = msync(start, size, MS_ASYNC) == 0 || errno != ENOMEM;
    require(whole, "a reach could not be mapped and has a hole now");
}

/* All around the block, so that its page tables go, too.  Where that fails its bytes go at least, and the reach is not used
 * again. */
void reach_give_back(uint32_t number)
{
    uintptr_t start = (uintptr_t)reach_block(number) & -DIRECTORY_SIZE;
    void *around = (void *)start;
    if (mmap(around, DIRECTORY_SIZE, PROT_NONE, RESERVED | MAP_FIXED, -1, 0) != around) {
        require_whole(around, DIRECTORY_SIZE);
        (void)madvise(reach_block(number), MOTTE_CHECKED_CELL, MADV_DONTNEED);
        return;
    }
    (void)slot_advise(around, DIRECTORY_SIZE); /* without it, it is a mapping more */
    pthread_mutex_lock(&lock);
    let_wait(number);
    pthread_mutex_unlock(&lock);
}

bool reach_allow(uint32_t number, size_t offset, size_t size, enum reach_access access)
{
    static const int protection[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
    return mprotect(reach_block(number) + offset, size, protection[access]) == 0;
}

bool reach_move(uint32_t number, size_t offset, size_t size, uint32_t to)
{
    void *source = reach_block(number) + offset, *target = reach_block(to);
    if (mremap(source, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, target) == target)
        return true;
    require_whole(target, size);
    return false;
}
