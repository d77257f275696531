/* The heap's memory: the break moves up when blocks run out, and down when much of the end is free. */

#include "general.h"
#include "syscall.h"

#define PAGE ((size_t)4096)
#define LEAST_GROWTH ((size_t)64 << 10)
#define GREATEST_GROWTH ((size_t)4 << 20)
#define TRIM_SIZE ((size_t)64 << 20)
#define KEPT_BY_TRIM ((size_t)1 << 20)

uintptr_t __motte_zero_from;

static uintptr_t heap_start, heap_end; /* page boundaries */
static struct block *end_mark;         /* a header only */

static int set_break(uintptr_t end)
{
    return (uintptr_t)__syscall(SYS_brk, end) == end;
}

/* The break moves in steps, so that the host is called rarely, but exactly as far as needed where memory is short. */
static int move_break(uintptr_t needed_end)
{
    size_t growth = (heap_end - heap_start) / 8;

    if (growth < LEAST_GROWTH)
        growth = LEAST_GROWTH;
    if (growth > GREATEST_GROWTH)
        growth = GREATEST_GROWTH;
    needed_end = round_up(needed_end, PAGE);
    if (needed_end <= heap_end) /* a free block at the end that the search by classes passed over */
        return 1;
    uintptr_t wanted_end = round_up(heap_end + growth, PAGE);
    if (wanted_end > needed_end && set_break(wanted_end))
        heap_end = wanted_end;
    else if (set_break(needed_end))
        heap_end = needed_end;
    else
        return 0;
    return 1;
}

static void place_end_mark(struct block *last)
{
    end_mark = (struct block *)(heap_end - HEADER_SIZE);
    end_mark->size_and_flags = 0;
    set_size(last, (size_t)((char *)end_mark - (char *)last));
}

struct block *__motte_extend_heap(size_t size)
{
    if (!heap_start) {
        heap_start = heap_end = __motte_zero_from = round_up((uintptr_t)__syscall(SYS_brk, 0), PAGE);
        end_mark = (struct block *)heap_start;
    }
    /* The new block begins where the end mark is, or where a free block before it begins. */
    struct block *last = 0;
    if (heap_end > heap_start && end_mark->previous_size) {
        struct block *before = (struct block *)((char *)end_mark - end_mark->previous_size);
        if (before->size_and_flags & FREE)
            last = before;
    }
    uintptr_t start = (uintptr_t)(last ? last : end_mark);
    if (size > UINTPTR_MAX / 2 - start || !move_break(start + size + HEADER_SIZE))
        return 0;
    if (last) {
        __motte_unlist_block(last);
        /* The old mark is inside the block now, where everything unused is zero. */
        end_mark->previous_size = end_mark->size_and_flags = 0;
    } else {
        last = end_mark;
    }
    place_end_mark(last);
    return last;
}

void __motte_trim_heap(struct block *last)
{
    if (block_size(last) < TRIM_SIZE)
        return;
    uintptr_t end = round_up((uintptr_t)last + KEPT_BY_TRIM, PAGE);
    if (!set_break(end))
        return;
    heap_end = end;
    if (__motte_zero_from > end)
        __motte_zero_from = end;
    place_end_mark(last);
}
