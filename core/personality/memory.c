/* brk, munmap, mprotect, madvise, msync: the guest's own part of its window.
 *
 * A guest may arrange two areas: the break's, from the first break up to HEAP_END, and mmap's, from MAP_BASE to
 * MAP_END.  They touch, so one range check serves both.  Its image, stacks and information page lie below, and are out
 * of reach here.  What is mapped, and what it costs, is kept by the window (core/window.h).
 */
#include "memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "calls.h"

_Static_assert(MOTTE_HEAP_END == MOTTE_MAP_BASE, "one range check serves both areas");

int64_t decode_range(const struct personality *personality, uint64_t claimed_start, uint64_t claimed_size,
                     struct page_range *range)
{
    if (claimed_start % MOTTE_PAGE_SIZE || claimed_size == 0)
        return -EINVAL;
    if (claimed_start < page_up(personality->initial_break) || claimed_start >= MOTTE_MAP_END
        || claimed_size > MOTTE_MAP_END - claimed_start)
        return -ENOMEM;
    *range = (struct page_range){{(uint32_t)claimed_start}, page_up(claimed_size) / MOTTE_PAGE_SIZE};
    return 0;
}

int64_t decode_protection(int32_t claimed_protection, enum window_protection *protection)
{
    if (claimed_protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (claimed_protection & PROT_EXEC)
        return -EPERM;
    *protection = claimed_protection & PROT_WRITE  ? WINDOW_READ_WRITE
                  : claimed_protection & PROT_READ ? WINDOW_READ
                                                   : WINDOW_NO_ACCESS;
    return 0;
}

/* As in Linux, the answer is the break that holds afterwards: unchanged if the request was refused. */
int64_t call_brk(struct personality *personality, const uint64_t arguments[6])
{
    uint64_t claimed_break = arguments[0];
    if (claimed_break < personality->initial_break || claimed_break > MOTTE_HEAP_END)
        return personality->current_break;
    uint64_t top = page_up(personality->current_break), new_top = page_up(claimed_break);
    int error = 0;
    if (new_top > top)
        error = window_map(personality->process, (guest_addr){(uint32_t)top}, (new_top - top) / MOTTE_PAGE_SIZE,
                           WINDOW_READ_WRITE);
    else if (new_top < top)
        error = window_unmap(personality->process, (guest_addr){(uint32_t)new_top},
                             (top - new_top) / MOTTE_PAGE_SIZE);
    if (!error)
        personality->current_break = (uint32_t)claimed_break;
    return personality->current_break;
}

int64_t call_munmap(struct personality *personality, const uint64_t arguments[6])
{
    struct page_range range;
    int64_t error = decode_range(personality, arguments[0], arguments[1], &range);
    if (error)
        return -EINVAL;
    return window_unmap(personality->process, range.start, range.pages);
}

/* Linux's name for a hole in a range. */
static int64_t hole_is_no_memory(int error)
{
    return error == -ENOENT ? -ENOMEM : error;
}

int64_t call_mprotect(struct personality *personality, const uint64_t arguments[6])
{
    struct page_range range;
    enum window_protection protection;
    int64_t error = decode_protection(argument_int(arguments[2]), &protection);
    if (!error && arguments[1] == 0 && arguments[0] % MOTTE_PAGE_SIZE == 0)
        return 0;
    if (!error)
        error = decode_range(personality, arguments[0], arguments[1], &range);
    if (error)
        return error;
    return hole_is_no_memory(window_protect(personality->process, range.start, range.pages, protection));
}

/* Only MADV_DONTNEED has a meaning that a program can see: the pages read as zeros again. */
int64_t call_madvise(struct personality *personality, const uint64_t arguments[6])
{
    struct page_range range;
    switch (argument_int(arguments[2])) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_FREE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return arguments[0] % MOTTE_PAGE_SIZE ? -EINVAL : 0;
    case MADV_DONTNEED:
        break;
    default:
        return -EINVAL;
    }
    if (arguments[1] == 0)
        return arguments[0] % MOTTE_PAGE_SIZE ? -EINVAL : 0;
    int64_t error = decode_range(personality, arguments[0], arguments[1], &range);
    return error ? error : hole_is_no_memory(window_discard(personality->process, range.start, range.pages));
}

/* Nothing is shared with a file, so there is nothing to write back. */
int64_t call_msync(struct personality *personality, const uint64_t arguments[6])
{
    struct page_range range;
    if (argument_int(arguments[2]) & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE))
        return -EINVAL;
    int64_t error = decode_range(personality, arguments[0], arguments[1], &range);
    if (error)
        return error;
    return window_is_mapped(personality->process, range.start, range.pages) ? 0 : -ENOMEM;
}
