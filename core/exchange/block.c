#include "block.h"

#include <stdlib.h>

#include "bank.h"
#include "host_mappings.h"
#include "panic.h"
#include "process.h"
#include "scheduler.h"

struct block *_Atomic blocks_dead;

enum { OWNERS_RIGHTS = 0, SHARED_RIGHTS = MOTTE_RIGHT_COPY };

uint32_t block_pages(uint64_t claimed_size, bool checked)
{
    bool possible = claimed_size > 0 && claimed_size <= (checked ? MOTTE_CHECKED_CELL : MOTTE_BLOCK_SIZE);
    return possible ? (uint32_t)((claimed_size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE) : 0;
}

/* --- who pays ------------------------------------------------------------------------------------------------------------- */

static void unlink_block(struct block *block)
{
    if (!block->link)
        return;
    *block->link = block->next;
    if (block->next)
        block->next->link = block->link;
    block->link = NULL;
}

static void link_block(struct block *block)
{
    struct scheduler *scheduler = block->object.scheduler;
    block->next = scheduler->blocks;
    block->link = &scheduler->blocks;
    if (block->next)
        block->next->link = &block->next;
    scheduler->blocks = block;
}

struct bank *block_change_bank(struct block *block, struct bank *bank)
{
    struct bank *before = block->bank;
    unlink_block(block);
    block->bank = bank;
    if (bank) {
        bank_retain(bank);
        link_block(block);
    }
    return before;
}

void block_leave_process(struct block *block, struct process *process)
{
    block_change_bank(block, process->bank);
    process_hand_over(process, block_cost(block));
}

/* --- life ----------------------------------------------------------------------------------------------------------------- */

/* Without pages yet; NULL if the host refuses. */
static struct block *allocate(void)
{
    if (!host_mappings_charge(HOME_MAPPINGS))
        return NULL;
    struct block *block = calloc(1, sizeof *block);
    if (!block)
        host_mappings_refund(HOME_MAPPINGS);
    return block;
}

static void give_up(struct block *block)
{
    host_mappings_refund(HOME_MAPPINGS);
    free(block);
}

/* A bank that was destroyed meanwhile is not looked through again for blocks. */
static void begin(struct block *block, struct scheduler *scheduler, struct bank *bank, struct capability *owned)
{
    object_begin(&block->object, OBJECT_BLOCK, scheduler);
    pthread_mutex_lock(&scheduler->lock);
    block_change_bank(block, bank);
    block->object.dead = bank && bank_state(bank) == BANK_DESTROYED;
    *owned = capability_make(&block->object, OWNERS_RIGHTS, 0);
    object_release(&block->object);
    pthread_mutex_unlock(&scheduler->lock);
}

bool block_create(struct scheduler *scheduler, struct bank *bank, uint32_t pages, bool checked, struct capability *owned)
{
    struct block *block = allocate();
    if (!block)
        return false;
    if (!pages_create(&block->pages, pages, checked)) {
        give_up(block);
        return false;
    }
    begin(block, scheduler, bank, owned);
    return true;
}

bool block_split(struct capability *owned, uint32_t count, struct capability *rest)
{
    struct block *block = block_of(owned), *other = allocate();
    if (!other)
        return false;
    if (!pages_split(&block->pages, count, &other->pages)) {
        give_up(other);
        return false;
    }
    begin(other, block->object.scheduler, block->bank, rest);
    rest->weak = owned->weak;
    return true;
}

bool block_freeze(struct capability *owned, struct process *owner)
{
    struct block *block = block_of(owned);
    if (!pages_freeze(&block->pages))
        return false;
    pthread_mutex_lock(&block->object.scheduler->lock);
    owned->rights |= SHARED_RIGHTS;
    if (owner)
        block_leave_process(block, owner);
    pthread_mutex_unlock(&block->object.scheduler->lock);
    return true;
}

/* --- death ---------------------------------------------------------------------------------------------------------------- */

/* With a reference, which is given back when the pages have been. */
static void condemn(struct block *block)
{
    unlink_block(block);
    block->next_dead = atomic_load(&blocks_dead);
    while (!atomic_compare_exchange_weak(&blocks_dead, &block->next_dead, block)) {
    }
}

void block_die(struct block *block)
{
    if (!block->pages.home) {
        free(block);
        return;
    }
    require(!block->open, "a block ends that its owner has open");
    object_retain(&block->object);
    condemn(block);
}

static void bury(struct block *block)
{
    uint64_t cost = block_cost(block);
    pages_destroy(&block->pages);
    host_mappings_refund(HOME_MAPPINGS);
    if (block->bank) {
        bank_refund(block->bank, cost);
        bank_release(block->bank);
    }
    object_release(&block->object);
}

void blocks_bury_dead(void)
{
    struct block *block = atomic_exchange(&blocks_dead, NULL);
    while (block) {
        struct block *next = block->next_dead;
        bury(block);
        block = next;
    }
}

bool block_view(struct block *block)
{
    block->views += !block->object.dead;
    return !block->object.dead;
}

void block_unview(struct block *block)
{
    if (--block->views == 0 && block->object.dead)
        block_die(block);
}

static void rescind(struct block *block)
{
    block->object.dead = true;
    if (!block->views)
        block_die(block);
}

/* Others get the lock; the block, which they may take out of the list or drop, is there still. */
static struct block *pause_at(struct block *block)
{
    object_retain(&block->object);
    pthread_mutex_unlock(&block->object.scheduler->lock);
    pthread_mutex_lock(&block->object.scheduler->lock);
    return block;
}

/* If the list has changed just where this has come to, it begins again: those that were rescinded are not there any more. */
void blocks_rescind(struct scheduler *scheduler, struct bank *bank)
{
    pthread_mutex_lock(&scheduler->lock);
    struct block *block = scheduler->blocks;
    for (uint32_t seen = 1; block; seen++) {
        struct block *held = seen % DROPPED_AT_ONCE ? NULL : pause_at(block);
        if (held && !held->link)
            block = scheduler->blocks;
        struct block *next = block ? block->next : NULL;
        if (block && (!bank || bank_draws_from(block->bank, bank)))
            rescind(block);
        if (held)
            object_release(&held->object);
        block = next;
    }
    pthread_mutex_unlock(&scheduler->lock);
    blocks_bury();
}
