/*
 * The general allocator: any size, any alignment, one heap that grows at its end.
 *
 * The heap is a row of blocks without gaps.  Each begins with its own size and
 * the size of the one before it, so a freed block merges with free neighbours at
 * once.  Free blocks are kept in lists by size, sixteen to each power of two, with
 * a bitmap of the lists that are not empty; a block from the next list up fits
 * for sure, and finding it takes a few instructions however many blocks there are
 * (Masmano, Ripoll, Crespo, Real: TLSF, a new dynamic memory allocator for
 * real-time systems, 2004).
 *
 * Asking the host for memory costs far more than all this, so freed memory stays,
 * until much of the heap's end is free.  A very large block is a mapping of its own.
 */

#ifndef GENERAL_H
#define GENERAL_H

#include <features.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    size_t previous_size;          /* of the block before this one; 0: there is none */
    size_t size_and_flags;         /* header included */
    struct block *next, *previous; /* in its list, only while it is free */
};

#define HEADER_SIZE 16
#define MIN_BLOCK sizeof(struct block)

#define FREE 1   /* in a list */
#define MAPPED 2 /* a mapping of its own, in no row */
#define FLAGS (FREE | MAPPED)

static inline size_t block_size(const struct block *block)
{
    return block->size_and_flags & ~(size_t)FLAGS;
}

static inline void *payload(struct block *block)
{
    return (char *)block + HEADER_SIZE;
}

static inline struct block *block_of(void *memory)
{
    return (struct block *)((char *)memory - HEADER_SIZE);
}

static inline struct block *block_after(const struct block *block)
{
    return (struct block *)((char *)block + block_size(block));
}

/* The row ends with a header of size 0, which is not free, so that nothing merges beyond it. */
static inline int is_last(const struct block *block)
{
    return block_size(block_after(block)) == 0;
}

static inline void set_size(struct block *block, size_t size)
{
    block->size_and_flags = size | (block->size_and_flags & FLAGS);
    block_after(block)->previous_size = size;
}

static inline size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) & -unit;
}

/* free_lists.c */
hidden void __motte_list_block(struct block *block);   /* marks it free and puts it into its list */
hidden void __motte_unlist_block(struct block *block); /* takes it out; it is no longer marked free */
hidden struct block *__motte_find_block(size_t size);  /* a listed block of at least `size`, or NULL */

/* heap.c */
hidden struct block *__motte_extend_heap(size_t size); /* a block of at least `size` at the heap's end, in no list */
hidden void __motte_trim_heap(struct block *last);     /* may give back much of a free last block that is in no list */
extern hidden uintptr_t __motte_zero_from;             /* addresses of the heap from here on were never used */

/* mappings.c */
hidden struct block *__motte_map_block(size_t size);
hidden struct block *__motte_resize_mapping(struct block *block, size_t size);
hidden void __motte_unmap_block(struct block *block);

#define MAPPING_SIZE ((size_t)64 << 20) /* blocks of at least this size are mappings */

/* general.c */
hidden void *__motte_allocate(size_t size, size_t alignment, int zero);

#endif
