#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host_mappings.h"
#include "motte_abi.h"
#include "slot.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8 /* Linux 6.3 */
#endif

static off_t offset_of(uint32_t page)
{
    return (off_t)page * (off_t)MOTTE_PAGE_SIZE;
}

static void *address_of(const struct store *store, uint32_t page)
{
    return (void *)(store->base + (uint64_t)page * MOTTE_PAGE_SIZE);
}

static size_t size_of(uint32_t first, uint32_t end)
{
    return (size_t)(end - first) * MOTTE_PAGE_SIZE;
}

static int protection_of(enum store_access access)
{
    switch (access) {
    case STORE_READ_WRITE:
        return PROT_READ | PROT_WRITE;
    case STORE_READ:
        return PROT_READ;
    default:
        return PROT_NONE;
    }
}

/* Sealed against executable mappings where the kernel can do that; a cell's filter refuses them anyway. */
bool store_create(struct store *store, uintptr_t slot_base, store_follow *follow, struct store_follower *follower)
{
    *store = (struct store){.base = slot_base, .follow = follow, .follower = follower};
    store->descriptor = memfd_create("motte-store", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (store->descriptor < 0 && errno == EINVAL)
        store->descriptor = memfd_create("motte-store", MFD_CLOEXEC);
    return store->descriptor >= 0;
}

void store_destroy(struct store *store)
{
    if (store->descriptor >= 0)
        close(store->descriptor);
    host_mappings_refund((uint32_t)store->count);
    free(store->runs);
    *store = (struct store){.descriptor = -1};
}

/* --- the list ----------------------------------------------------------------------------------------------------------- */

/* Of the first run that ends behind `page`. */
static size_t position(const struct store *store, uint32_t page)
{
    size_t low = 0, high = store->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (store->runs[middle].end > page)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Room for so many more in the list. */
static bool reserve(struct store *store, size_t more)
{
    if (store->count + more <= store->capacity)
        return true;
    size_t capacity = 2 * store->capacity + more;
    struct store_run *runs = realloc(store->runs, capacity * sizeof *runs);
    if (!runs)
        return false;
    store->runs = runs;
    store->capacity = capacity;
    return true;
}

static bool insert(struct store *store, size_t index, struct store_run run)
{
    if (store->count == MAPPINGS_PER_PROCESS || !host_mappings_charge(1))
        return false;
    memmove(store->runs + index + 1, store->runs + index, (store->count - index) * sizeof run);
    store->runs[index] = run;
    store->count++;
    return true;
}

static void erase(struct store *store, size_t index, size_t count)
{
    memmove(store->runs + index, store->runs + index + count, (store->count - index - count) * sizeof *store->runs);
    store->count -= count;
    host_mappings_refund((uint32_t)count);
}

/* So that none begins before `page` and ends behind it. */
static bool split(struct store *store, uint32_t page)
{
    size_t index = position(store, page);
    if (index == store->count || store->runs[index].first >= page)
        return true;
    struct store_run behind = store->runs[index];
    behind.at += page - behind.first;
    behind.first = page;
    if (!insert(store, index + 1, behind))
        return false;
    store->runs[index].end = page;
    return true;
}

/* Neighbours that are one mapping are one run. */
static void join(struct store *store, size_t index)
{
    if (index == 0 || index >= store->count)
        return;
    struct store_run *before = &store->runs[index - 1], *run = &store->runs[index];
    if (before->end != run->first || before->access != run->access || before->at + (run->first - before->first) != run->at)
        return;
    before->end = run->end;
    erase(store, index, 1);
}

static void join_around(struct store *store, uint32_t first, uint32_t end)
{
    for (size_t index = position(store, end); index + 1 > 0; index--) {
        join(store, index);
        if (index == 0 || store->runs[index - 1].end < first)
            return;
    }
}

/* --- mapping ------------------------------------------------------------------------------------------------------------ */

static bool map(const struct store *store, const struct store_run *run)
{
    void *start = address_of(store, run->first);
    size_t size = size_of(run->first, run->end);
    int flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
    if (mmap(start, size, protection_of(run->access), flags, store->descriptor, offset_of(run->at)) != start
        || !slot_advise(start, size))
        return false;
    store->follow(store->follower, run->first, run->end, run);
    return true;
}

/* Pages at the end of the file for [first, end), of which none is there. */
static bool add(struct store *store, size_t index, uint32_t first, uint32_t end, enum store_access access)
{
    struct store_run run = {first, end, store->pages, access};
    if (ftruncate(store->descriptor, offset_of(store->pages + (end - first))) != 0)
        return false;
    if (!map(store, &run) || !insert(store, index, run)) {
        (void)ftruncate(store->descriptor, offset_of(store->pages));
        return false;
    }
    store->pages += end - first;
    return true;
}

static bool protect(struct store *store, struct store_run *run, enum store_access access)
{
    if (run->access == access)
        return true;
    if (mprotect(address_of(store, run->first), size_of(run->first, run->end), protection_of(access)) != 0)
        return false;
    run->access = access;
    store->follow(store->follower, run->first, run->end, run);
    return true;
}

/* How many runs [first, end) can become, given what is there: itself in the gaps, and two that are cut. */
static size_t pieces(const struct store *store, uint32_t first, uint32_t end)
{
    return 2 * (position(store, end) - position(store, first)) + 4;
}

bool store_open(struct store *store, uint32_t first, uint32_t end, enum store_access access)
{
    if (!reserve(store, pieces(store, first, end)) || !split(store, first) || !split(store, end))
        return false;
    uint32_t page = first;
    for (size_t index = position(store, first); page < end; index++) {
        bool is_there = index < store->count && store->runs[index].first == page;
        uint32_t next = index < store->count && store->runs[index].first < end ? store->runs[index].first : end;
        if (is_there ? !protect(store, &store->runs[index], access) : !add(store, index, page, next, access))
            return false;
        page = store->runs[index].end;
    }
    join_around(store, first, end);
    return true;
}

bool store_deny(struct store *store, uint32_t first, uint32_t end)
{
    if (!reserve(store, 2) || !split(store, first) || !split(store, end))
        return false;
    for (size_t index = position(store, first); index < store->count && store->runs[index].first < end; index++)
        if (!protect(store, &store->runs[index], STORE_DENIED))
            return false;
    return true;
}

bool store_clear(struct store *store, uint32_t first, uint32_t end)
{
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    for (size_t index = position(store, first); index < store->count && store->runs[index].first < end; index++) {
        const struct store_run *run = &store->runs[index];
        uint32_t low = run->first > first ? run->first : first, high = run->end < end ? run->end : end;
        off_t offset = offset_of(run->at + (low - run->first));
        if (fallocate(store->descriptor, mode, offset, (off_t)size_of(low, high)) != 0)
            return false;
    }
    return true;
}

/* --- cutting -------------------------------------------------------------------------------------------------------------- */

static bool copy_pages(const struct store *store, uint32_t from, uint32_t to, uint32_t count)
{
    _Alignas(MOTTE_PAGE_SIZE) char bytes[4 * MOTTE_PAGE_SIZE];
    off_t source = offset_of(from), target = offset_of(to);
    size_t left = size_of(0, count);
    while (left) {
        ssize_t piece = pread(store->descriptor, bytes, left < sizeof bytes ? left : sizeof bytes, source);
        if (piece <= 0 || pwrite(store->descriptor, bytes, (size_t)piece, target) != piece)
            return false;
        source += piece;
        target += piece;
        left -= (size_t)piece;
    }
    return true;
}

/* The run whose pages are the file's last. */
static size_t last_in_file(const struct store *store)
{
    size_t index = 0;
    while (store->runs[index].at + (store->runs[index].end - store->runs[index].first) != store->pages)
        index++;
    return index;
}

/* Up to `room` of the file's last pages move to its page `to`; how many did, or 0 if the host refuses. */
static uint32_t move_last(struct store *store, uint32_t to, uint32_t room)
{
    size_t index = last_in_file(store);
    struct store_run moved = store->runs[index];
    uint32_t length = moved.end - moved.first, count = length < room ? length : room;
    if (count < length && !split(store, moved.end - count))
        return 0;
    index += count < length;
    moved.first = moved.end - count;
    moved.at = to;
    if (!copy_pages(store, store->pages - count, to, count) || !map(store, &moved))
        return 0;
    store->runs[index] = moved;
    store->pages -= count;
    return count;
}

/* Nothing above the hole is unused. */
static bool fill(struct store *store, uint32_t at, uint32_t count)
{
    while (at + count < store->pages && count) {
        uint32_t room = store->pages - (at + count), moved = move_last(store, at, room < count ? room : count);
        if (!moved)
            return false;
        at += moved;
        count -= moved;
    }
    store->pages -= count;
    return true;
}

static int compare_places(const void *left, const void *right)
{
    uint32_t a = ((const struct store_run *)left)->at, b = ((const struct store_run *)right)->at;
    return (a < b) - (a > b);
}

/* From the end, so that what fills a hole is in use. */
static bool fill_all(struct store *store, struct store_run *holes, size_t count)
{
    qsort(holes, count, sizeof *holes, compare_places);
    for (size_t i = 0; i < count; i++)
        if (!fill(store, holes[i].at, holes[i].end - holes[i].first))
            return false;
    return ftruncate(store->descriptor, offset_of(store->pages)) == 0;
}

/* The mapping goes before the pages do: nobody of the host's reads behind the end of the file. */
static bool unmap(const struct store *store, uint32_t first, uint32_t end)
{
    void *start = address_of(store, first);
    size_t size = size_of(first, end);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    return mmap(start, size, PROT_NONE, flags, -1, 0) == start && slot_advise(start, size);
}

bool store_drop(struct store *store, uint32_t first, uint32_t end)
{
    size_t index = position(store, first);
    if (index == store->count || store->runs[index].first >= end)
        return true;
    if (!reserve(store, 2) || !split(store, first) || !split(store, end))
        return false;
    index = position(store, first);
    size_t count = position(store, end) - index;
    struct store_run *holes = calloc(count, sizeof *holes);
    if (!holes || !reserve(store, count) || !unmap(store, first, end)) {
        free(holes);
        return false;
    }
    memcpy(holes, store->runs + index, count * sizeof *holes);
    erase(store, index, count);
    store->follow(store->follower, first, end, NULL);
    bool filled = fill_all(store, holes, count);
    free(holes);
    return filled;
}
