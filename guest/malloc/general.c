/* The general allocator: blocks are found, split, merged and resized. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "general.h"

#define ALIGNMENT 16

/* The size of a block for so many bytes; 0 if there can be none. */
static size_t block_size_for(size_t size)
{
    if (size > PTRDIFF_MAX - 2 * (size_t)HEADER_SIZE)
        return 0;
    size_t needed = round_up(size + HEADER_SIZE, ALIGNMENT);
    return needed < MIN_BLOCK ? MIN_BLOCK : needed;
}

/* Frees the beginning of a block, so that the rest's payload is aligned. */
static struct block *align(struct block *block, size_t alignment)
{
    uintptr_t place = (uintptr_t)payload(block), aligned = round_up(place, alignment);

    if (aligned == place)
        return block;
    if (aligned - place < MIN_BLOCK)
        aligned += alignment;
    struct block *rest = block_of((void *)aligned);
    size_t size = block_size(block);
    rest->size_and_flags = 0;
    set_size(block, aligned - place);
    set_size(rest, size - (aligned - place));
    __motte_list_block(block);
    return rest;
}

/* Joins a block in use with its free neighbours; the result is in use. */
static struct block *merge(struct block *block)
{
    struct block *after = block_after(block);

    if (after->size_and_flags & FREE) {
        __motte_unlist_block(after);
        set_size(block, block_size(block) + block_size(after));
    }
    if (!block->previous_size)
        return block;
    struct block *before = (struct block *)((char *)block - block->previous_size);
    if (!(before->size_and_flags & FREE))
        return block;
    __motte_unlist_block(before);
    set_size(before, block_size(before) + block_size(block));
    return before;
}

static void release(struct block *block)
{
    block = merge(block);
    if (is_last(block))
        __motte_trim_heap(block);
    __motte_list_block(block);
}

/* Frees what is beyond `size` in a block in use. */
static void split(struct block *block, size_t size)
{
    size_t rest = block_size(block) - size;

    if (rest < MIN_BLOCK)
        return;
    set_size(block, size);
    struct block *tail = block_after(block);
    tail->size_and_flags = 0;
    set_size(tail, rest);
    release(tail);
}

/* From here on the block's bytes, and the header and links of a free block behind it, may be anything. */
static void note_use(const struct block *block)
{
    uintptr_t end = (uintptr_t)block_after(block) + MIN_BLOCK;

    if (end > __motte_zero_from)
        __motte_zero_from = end;
}

/* What was never used is zero already, but for the links of a free block. */
static void clear(struct block *block)
{
    uintptr_t start = (uintptr_t)payload(block);
    size_t length = block_size(block) - HEADER_SIZE, links = MIN_BLOCK - HEADER_SIZE;
    size_t used = __motte_zero_from > start + links ? __motte_zero_from - start : links;

    memset(payload(block), 0, used < length ? used : length);
}

static struct block *take_block(size_t size)
{
    struct block *block = __motte_find_block(size);

    if (!block)
        return __motte_extend_heap(size);
    __motte_unlist_block(block);
    return block;
}

static void *fail(void)
{
    errno = ENOMEM;
    return 0;
}

void *__motte_allocate(size_t size, size_t alignment, int zero)
{
    size_t needed = block_size_for(size);
    size_t slack = alignment > ALIGNMENT ? alignment + MIN_BLOCK : 0;
    struct block *block;

    if (!needed || slack > PTRDIFF_MAX - needed)
        return fail();
    if (needed >= MAPPING_SIZE && !slack && (block = __motte_map_block(needed)))
        return payload(block);
    block = take_block(needed + slack);
    if (!block)
        return fail();
    if (slack)
        block = align(block, alignment);
    split(block, needed);
    if (zero)
        clear(block);
    note_use(block);
    return payload(block);
}

void *__libc_malloc_impl(size_t size)
{
    return __motte_allocate(size, ALIGNMENT, 0);
}

void __libc_free(void *memory)
{
    if (!memory)
        return;
    struct block *block = block_of(memory);
    if (block->size_and_flags & MAPPED)
        __motte_unmap_block(block);
    else
        release(block);
}

/* Grows a block into free memory behind it, or, if it is the last one in use, by moving the heap's end. */
static int grow_in_place(struct block *block, size_t needed)
{
    struct block *after = block_after(block);
    size_t missing = needed - block_size(block);
    int after_is_free = after->size_and_flags & FREE;

    if (after_is_free && block_size(after) >= missing)
        __motte_unlist_block(after);
    else if (is_last(block) || (after_is_free && is_last(after)))
        after = __motte_extend_heap(missing);
    else
        return 0;
    if (!after)
        return 0;
    set_size(block, block_size(block) + block_size(after));
    return 1;
}

static void *move(struct block *block, size_t size)
{
    size_t present = block_size(block) - HEADER_SIZE;
    void *moved = malloc(size);

    if (!moved)
        return 0;
    memcpy(moved, payload(block), present < size ? present : size);
    __libc_free(payload(block));
    return moved;
}

void *__libc_realloc(void *memory, size_t size)
{
    size_t needed = block_size_for(size);

    if (!memory)
        return malloc(size);
    if (!needed)
        return fail();
    struct block *block = block_of(memory);
    if (block->size_and_flags & MAPPED) {
        if (needed < MAPPING_SIZE)
            return move(block, size);
        block = __motte_resize_mapping(block, needed);
        return block ? payload(block) : fail();
    }
    if (block_size(block) < needed && (needed >= MAPPING_SIZE || !grow_in_place(block, needed)))
        return move(block, size);
    split(block, needed);
    note_use(block);
    return memory;
}

void *__libc_calloc(size_t count, size_t size)
{
    size_t total;

    return __builtin_mul_overflow(count, size, &total) ? fail() : __motte_allocate(total, ALIGNMENT, 1);
}
