/* The lists of free blocks, by size. */

#include "general.h"

#define LISTS_PER_LEVEL 16
#define LEVEL_BITS 4
#define FIRST_LEVEL 8 /* sizes below 2**8 have one list for each multiple of 16 */
#define LEVEL_COUNT (64 - FIRST_LEVEL + 1)

static struct block *lists[LEVEL_COUNT][LISTS_PER_LEVEL];
static uint16_t nonempty_lists[LEVEL_COUNT];
static uint64_t nonempty_levels;

struct place {
    unsigned level, list;
};

/* The list whose blocks are at least as large as its least size, and smaller than the next list's. */
static struct place place_of(size_t size)
{
    if (size < (size_t)1 << FIRST_LEVEL)
        return (struct place){0, (unsigned)(size / 16)};
    unsigned power = 63 - (unsigned)__builtin_clzll(size);
    return (struct place){power - FIRST_LEVEL + 1, size >> (power - LEVEL_BITS) & (LISTS_PER_LEVEL - 1)};
}

void __motte_list_block(struct block *block)
{
    struct place at = place_of(block_size(block));
    struct block **head = &lists[at.level][at.list];

    block->size_and_flags |= FREE;
    block->previous = 0;
    block->next = *head;
    if (*head)
        (*head)->previous = block;
    *head = block;
    nonempty_lists[at.level] |= (uint16_t)(1 << at.list);
    nonempty_levels |= (uint64_t)1 << at.level;
}

void __motte_unlist_block(struct block *block)
{
    struct place at = place_of(block_size(block));

    block->size_and_flags &= ~(size_t)FREE;
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous) {
        block->previous->next = block->next;
        return;
    }
    lists[at.level][at.list] = block->next;
    if (block->next)
        return;
    nonempty_lists[at.level] &= (uint16_t)~(1 << at.list);
    if (!nonempty_lists[at.level])
        nonempty_levels &= ~((uint64_t)1 << at.level);
}

/* The first list all of whose blocks are large enough. */
static struct place first_sufficient(size_t size)
{
    if (size >= (size_t)1 << FIRST_LEVEL)
        size += ((size_t)1 << (63 - __builtin_clzll(size) - LEVEL_BITS)) - 1;
    return place_of(size);
}

struct block *__motte_find_block(size_t size)
{
    struct place at = first_sufficient(size);
    unsigned found = nonempty_lists[at.level] & (~0u << at.list);

    if (!found) {
        uint64_t levels = nonempty_levels & (~(uint64_t)1 << at.level);
        if (!levels)
            return 0;
        at.level = (unsigned)__builtin_ctzll(levels);
        found = nonempty_lists[at.level];
    }
    return lists[at.level][__builtin_ctz(found)];
}
