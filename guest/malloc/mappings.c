/* Very large blocks: each is a mapping of its own, which goes back to the host when it is freed. */

#define _GNU_SOURCE
#include <sys/mman.h>
#include "general.h"

#define PAGE ((size_t)4096)

static struct block *as_block(void *mapping, size_t size)
{
    if (mapping == MAP_FAILED)
        return 0;
    struct block *block = mapping;
    block->size_and_flags = size | MAPPED;
    return block;
}

struct block *__motte_map_block(size_t size)
{
    size = round_up(size, PAGE);
    return as_block(__mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size);
}

struct block *__motte_resize_mapping(struct block *block, size_t size)
{
    size = round_up(size, PAGE);
    if (size == block_size(block))
        return block;
    return as_block(__mremap(block, block_size(block), size, MREMAP_MAYMOVE), size);
}

void __motte_unmap_block(struct block *block)
{
    __munmap(block, block_size(block));
}
