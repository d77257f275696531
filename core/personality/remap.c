/* mremap: a range grows or shrinks where it is, or moves. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "calls.h"
#include "memory.h"

/* A move copies this much between looks at the stop request. */
#define MOVE_PIECE UINT64_C(0x100000)

/* Copies the old pages to new ones, and frees them. Both are charged meanwhile. */
static int64_t move(struct personality *personality, struct page_range old, uint64_t new_pages)
{
    struct process *process = personality->process;
    guest_addr to;
    int error = window_find_free(process, (guest_addr){MOTTE_MAP_BASE}, (guest_addr){MOTTE_MAP_END}, new_pages, &to);
    if (!error)
        error = window_map(process, to, new_pages, WINDOW_READ_WRITE);
    if (error)
        return error;
    uint64_t size = old.pages * MOTTE_PAGE_SIZE;
    for (uint64_t done = 0; done < size && !error; done += MOVE_PIECE) {
        uint64_t piece = size - done < MOVE_PIECE ? size - done : MOVE_PIECE;
        guest_addr target = {to.value + (uint32_t)done}, source = {old.start.value + (uint32_t)done};
        if (process_stop_requested(process))
            error = -EINTR;
        else if (!copy_within(process, target, source, piece))
            error = -EFAULT;
    }
    if (error) {
        window_unmap(process, to, new_pages);
        return error;
    }
    window_unmap(process, old.start, old.pages);
    return to.value;
}

/* -EEXIST if something is in the way; the break's area counts as taken. */
static int64_t grow_in_place(struct personality *personality, struct page_range old, uint64_t new_pages)
{
    uint64_t end = old.start.value + old.pages * MOTTE_PAGE_SIZE, extra = new_pages - old.pages;
    if (old.start.value < MOTTE_MAP_BASE || extra > (MOTTE_MAP_END - end) / MOTTE_PAGE_SIZE)
        return -EEXIST;
    return extra ? window_map(personality->process, (guest_addr){(uint32_t)end}, extra, WINDOW_READ_WRITE) : 0;
}

/* arguments: old address, old size, new size, flags */
int64_t call_mremap(struct personality *personality, const uint64_t arguments[6])
{
    struct process *process = personality->process;
    struct page_range old;
    uint64_t new_size = arguments[2];
    if ((argument_int(arguments[3]) & ~MREMAP_MAYMOVE) || new_size == 0)
        return -EINVAL;
    int64_t error = decode_range(personality, arguments[0], arguments[1], &old);
    if (error)
        return error == -EINVAL ? error : -EFAULT;
    if (!window_is_mapped(process, old.start, old.pages))
        return -EFAULT;
    if (new_size > MOTTE_MAP_END - MOTTE_MAP_BASE)
        return -ENOMEM;

    uint64_t new_pages = page_up(new_size) / MOTTE_PAGE_SIZE;
    if (new_pages < old.pages) {
        guest_addr end = {old.start.value + (uint32_t)(new_pages * MOTTE_PAGE_SIZE)};
        error = window_unmap(process, end, old.pages - new_pages);
    } else if (new_pages > old.pages) {
        error = grow_in_place(personality, old, new_pages);
        if (error == -EEXIST)
            return argument_int(arguments[3]) & MREMAP_MAYMOVE ? move(personality, old, new_pages) : -ENOMEM;
    }
    return error ? error : old.start.value;
}
