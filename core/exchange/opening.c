#include "opening.h"

#include "code_region.h"
#include "context.h"
#include "ipc/process_ipc.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"

/* Takes effect when the gate returns (switch.S). */
static void reach(const struct process *process, uint32_t number)
{
    slot_context(process->slot)->reach = reach_base(number);
}

/* A bank's destruction leaves a frozen block alone as long as somebody has it open. */
static bool hold_frozen(struct process *process, struct block *block, uint64_t *charged)
{
    pthread_mutex_t *lock = &process->scheduler->lock;
    *charged = block->pages.count;
    if (!process_charge_asked(process, *charged))
        return false;
    pthread_mutex_lock(lock);
    bool alive = block_view(block);
    if (alive)
        object_retain(&block->object);
    pthread_mutex_unlock(lock);
    if (!alive)
        process_refund(process, *charged);
    return alive;
}

int64_t block_open(struct process *process, int32_t handle, struct capability *entry)
{
    struct open_block *open = &process->ipc->open;
    struct block *block = block_of(entry);
    if (!block_is_checked(block) || !process->region->owned.claims.reaches_blocks)
        return -MOTTE_ERROR_REQUEST_ERROR;
    block_close(process);
    uint64_t charged = 0;
    if (!pages_allow(&block->pages, !entry->weak))
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (block->pages.frozen && !hold_frozen(process, block, &charged))
        return -MOTTE_ERROR_LIMIT_REACHED;
    block->open = !block->pages.frozen;
    *open = (struct open_block){block, handle, charged};
    entry->window_page = reach_offset(block->pages.reach) / (uint32_t)MOTTE_PAGE_SIZE;
    reach(process, block->pages.reach);
    return reach_offset(block->pages.reach);
}

/* Forgets it; the block, if somebody has to let go of it. */
static struct block *forget(struct process *process)
{
    struct open_block *open = &process->ipc->open;
    struct block *block = open->block;
    reach(process, 0);
    table_find(process, (uint32_t)open->handle)->window_page = 0;
    if (open->charged)
        process_refund(process, open->charged);
    bool held = !block->open;
    block->open = false;
    *open = (struct open_block){.block = NULL};
    return held ? block : NULL;
}

static void let_go(struct block *block)
{
    block_unview(block);
    object_release(&block->object);
}

void block_close_under_lock(struct process *process)
{
    struct block *held = process->ipc->open.block ? forget(process) : NULL;
    if (held)
        let_go(held);
}

void block_close(struct process *process)
{
    struct block *held = process->ipc->open.block ? forget(process) : NULL;
    if (!held)
        return;
    pthread_mutex_lock(&process->scheduler->lock);
    let_go(held);
    pthread_mutex_unlock(&process->scheduler->lock);
}
