/* Copies into and out of checked blocks that need not be open: between two of them, or one and the window. */
#include <string.h>

#include "block.h"
#include "guest_memory.h"
#include "ipc/calls.h"
#include "process.h"
#include "scheduler.h"

/* Bytes that are copied before the process is looked at again. */
enum { PIECE = 64 * 1024 };

enum { WINDOW_HANDLE = 0 };

struct side {
    struct block *block;  /* NULL: the window */
    unsigned char *bytes; /* of the block */
    guest_addr address;   /* in the window */
};

/* One that is frozen can end at any time with the bank that pays for it, unless it is held. */
static int64_t find_block(struct process *process, uint64_t claimed_handle, bool writes, struct side *side)
{
    struct capability *entry = table_find(process, claimed_handle);
    if (!entry || !block_of(entry))
        return -MOTTE_ERROR_INVALID_CAP;
    struct block *block = block_of(entry);
    if (!block_is_checked(block))
        return -MOTTE_ERROR_REQUEST_ERROR;
    if (writes && (block->pages.frozen || entry->weak))
        return block->pages.frozen ? -MOTTE_ERROR_SEALED : -MOTTE_ERROR_NO_ACCESS;
    if (!pages_allow(&block->pages, !entry->weak))
        return -MOTTE_ERROR_LIMIT_REACHED;
    pthread_mutex_lock(&process->scheduler->lock);
    bool held = block_view(block);
    pthread_mutex_unlock(&process->scheduler->lock);
    side->block = held ? block : NULL;
    return held ? 0 : -MOTTE_ERROR_INVALID_CAP;
}

static int64_t find_side(struct process *process, uint64_t claimed_handle, uint64_t claimed_at, uint64_t claimed_size,
                         bool writes, struct side *side)
{
    if ((uint32_t)claimed_handle == WINDOW_HANDLE) {
        side->address = guest_addr_from_register(claimed_at);
        return claimed_size <= MOTTE_WINDOW_SIZE - side->address.value ? 0 : -MOTTE_ERROR_REQUEST_ERROR;
    }
    int64_t result = find_block(process, claimed_handle, writes, side);
    if (result < 0)
        return result;
    uint64_t size = side->block->pages.count * MOTTE_PAGE_SIZE;
    side->bytes = side->block->pages.home + (claimed_at <= size ? claimed_at : 0);
    return claimed_at <= size && claimed_size <= size - claimed_at ? 0 : -MOTTE_ERROR_REQUEST_ERROR;
}

static bool copy_piece(struct process *process, const struct side *to, const struct side *from, uint64_t done, size_t size)
{
    if (to->block && from->block)
        memcpy(to->bytes + done, from->bytes + done, size);
    else if (to->block)
        return copy_in(process, to->bytes + done, (guest_addr){from->address.value + (uint32_t)done}, size);
    else
        return copy_out(process, (guest_addr){to->address.value + (uint32_t)done}, from->bytes + done, size);
    return true;
}

static int64_t copy(struct process *process, const struct side *to, const struct side *from, uint64_t size)
{
    for (uint64_t done = 0; done < size && !process_stop_requested(process); done += PIECE)
        if (!copy_piece(process, to, from, done, size - done < PIECE ? size - done : PIECE))
            return -MOTTE_ERROR_BAD_ADDRESS;
    return 0;
}

static void let_go(struct process *process, const struct side *to, const struct side *from)
{
    pthread_mutex_lock(&process->scheduler->lock);
    if (to->block)
        block_unview(to->block);
    if (from->block)
        block_unview(from->block);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* int motte_block_copy(int to, unsigned long to_at, int from, unsigned long from_at, unsigned long size): 0 for a block is the
 * window.  Not within one block, nor within the window. */
int64_t gate_block_copy(struct process *process, const uint64_t arguments[6])
{
    struct side to = {.block = NULL}, from = {.block = NULL};
    if ((uint32_t)arguments[0] == (uint32_t)arguments[2])
        return -MOTTE_ERROR_REQUEST_ERROR;
    int64_t result = find_side(process, arguments[0], arguments[1], arguments[4], true, &to);
    if (result == 0)
        result = find_side(process, arguments[2], arguments[3], arguments[4], false, &from);
    if (result == 0)
        result = copy(process, &to, &from, arguments[4]);
    let_go(process, &to, &from);
    return result;
}
