#include "berths.h"

#include "ipc/process_ipc.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"

/* Berths are as page tables are, and these follow the host's addresses. */
#define FIRST_BERTH (MOTTE_EXCHANGE_BASE + (BERTH_SIZE - (SLOT_WINDOW + MOTTE_EXCHANGE_BASE) % BERTH_SIZE) % BERTH_SIZE)
#define BERTHS ((uint32_t)((MOTTE_EXCHANGE_END - FIRST_BERTH) / BERTH_SIZE))

_Static_assert((SLOT_WINDOW + FIRST_BERTH) % BERTH_SIZE == 0 && SLOT_ALIGNMENT % BERTH_SIZE == 0, "whole page tables");
_Static_assert(MOTTE_BLOCK_SIZE < (MOTTE_EXCHANGE_END - FIRST_BERTH) / BERTH_SIZE * BERTH_SIZE, "the largest one fits");

static uint32_t page_of_berth(uint32_t berth)
{
    return (uint32_t)(FIRST_BERTH / MOTTE_PAGE_SIZE) + berth * BERTH_PAGES;
}

static uint32_t berth_of_page(uint32_t page)
{
    return (page - page_of_berth(0)) / BERTH_PAGES;
}

static guest_addr address_of(uint32_t page)
{
    return (guest_addr){page * (uint32_t)MOTTE_PAGE_SIZE};
}

static uintptr_t host_address(const struct process *process, uint32_t page)
{
    return slot_window(process->slot) + address_of(page).value;
}

/* With the free page. */
static uint32_t berths_taken(const struct block *block)
{
    return block->pages.count / BERTH_PAGES + 1;
}

/* And the page before. */
static bool is_free(const struct process *process, uint32_t berth, uint32_t count)
{
    const struct area *next = areas_find(&process->window.areas, page_of_berth(berth) - 1);
    return !next || next->start >= page_of_berth(berth + count);
}

/* The first that is free, so that those are used again which have been used; BERTHS: there is none. */
static uint32_t find_berths(const struct process *process, uint32_t count)
{
    uint32_t berth = 0;
    while (berth + count <= BERTHS && !is_free(process, berth, count))
        berth++;
    return berth + count <= BERTHS ? berth : BERTHS;
}

/* A bank's destruction leaves it alone meanwhile, if it is frozen and so not the process's. */
static bool enter(struct process *process, struct block *block, uint32_t page, bool writable)
{
    pthread_mutex_t *lock = &process->scheduler->lock;
    uintptr_t low = host_address(process, page);
    if (!block->pages.frozen)
        return pages_enter(&block->pages, process->slot, low, writable);
    pthread_mutex_lock(lock);
    bool alive = block_view(block);
    pthread_mutex_unlock(lock);
    if (!alive)
        return false;
    bool entered = pages_enter(&block->pages, process->slot, low, false);
    pthread_mutex_lock(lock);
    block_unview(block);
    pthread_mutex_unlock(lock);
    return entered;
}

static int64_t map_at(struct process *process, struct capability *entry, uint32_t berth)
{
    struct block *block = block_of(entry);
    bool frozen = block->pages.frozen, writable = !frozen && !entry->weak;
    uint32_t page = page_of_berth(berth), *used = &process->window.berths;
    if (*used < berth + berths_taken(block))
        *used = berth + berths_taken(block);
    if (window_lend(process, address_of(page), block->pages.count, writable ? WINDOW_READ_WRITE : WINDOW_READ, frozen) < 0)
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (!enter(process, block, page, writable)) {
        window_take_back(process, address_of(page), block->pages.count);
        return -MOTTE_ERROR_LIMIT_REACHED;
    }
    entry->window_page = page;
    return 0;
}

int64_t block_map(struct process *process, struct capability *entry)
{
    if (block_is_checked(block_of(entry)))
        return -MOTTE_ERROR_REQUEST_ERROR;
    if (entry->window_page)
        return 0;
    uint32_t berth = find_berths(process, berths_taken(block_of(entry)));
    return berth < BERTHS ? map_at(process, entry, berth) : -MOTTE_ERROR_LIMIT_REACHED;
}

void block_map_again(struct process *process, int32_t handle, uint32_t window_page)
{
    struct capability *entry = table_find(process, (uint32_t)handle);
    if (block_is_checked(block_of(entry))) {
        if (!process->ipc->open.block)
            (void)block_open(process, handle, entry);
        return;
    }
    uint32_t berth = berth_of_page(window_page);
    if (!entry->window_page && is_free(process, berth, berths_taken(block_of(entry))))
        (void)map_at(process, entry, berth);
}

int64_t block_unmap(struct process *process, struct capability *entry)
{
    const struct block *block = block_of(entry);
    bool closed;
    if (!entry->window_page)
        return 0;
    if (block_is_checked(block)) {
        block_close(process);
        return 0;
    }
    if (!pages_leave(&block->pages, process->slot, host_address(process, entry->window_page), !entry->weak, &closed))
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (!closed)
        process_stop(process, MOTTE_STOP_INTERNAL, 0);
    window_take_back(process, address_of(entry->window_page), block->pages.count);
    entry->window_page = 0;
    return 0;
}
