/* The kernel calls about blocks. A process's own blocks change in its own gates only: without the lock. */
#include "berths.h"
#include "opening.h"
#include "ipc/calls.h"
#include "ipc/capability.h"
#include "process.h"
#include "scheduler.h"

/* A block that can be used now: one that is frozen can end at any time with the bank that pays for it. */
static int64_t find(struct process *process, uint64_t claimed_handle, struct capability **entry)
{
    *entry = table_find(process, claimed_handle);
    if (!*entry || !block_of(*entry))
        return -MOTTE_ERROR_INVALID_CAP;
    pthread_mutex_lock(&process->scheduler->lock);
    bool valid = capability_is_valid(*entry);
    pthread_mutex_unlock(&process->scheduler->lock);
    return valid ? 0 : -MOTTE_ERROR_INVALID_CAP;
}

static int64_t find_writable(struct process *process, uint64_t claimed_handle, struct capability **entry)
{
    int64_t result = find(process, claimed_handle, entry);
    return result == 0 && block_of(*entry)->pages.frozen ? -MOTTE_ERROR_SEALED : result;
}

static int64_t allocate(struct process *process, uint64_t claimed_size, bool checked)
{
    struct capability owned;
    uint32_t pages = block_pages(claimed_size, checked);
    uint64_t price = block_price(pages, checked);
    if (!pages)
        return -MOTTE_ERROR_REQUEST_ERROR;
    if (!table_reserve(process, 1) || !process_charge_asked(process, price))
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (!block_create(process->scheduler, NULL, pages, checked, &owned)) {
        process_refund(process, price);
        return -MOTTE_ERROR_LIMIT_REACHED;
    }
    return table_insert(process, owned);
}

/* int motte_block_alloc(unsigned long size) */
int64_t gate_block_alloc(struct process *process, const uint64_t arguments[6])
{
    return allocate(process, arguments[0], false);
}

/* int motte_block_alloc_checked(unsigned long size) */
int64_t gate_block_alloc_checked(struct process *process, const uint64_t arguments[6])
{
    return allocate(process, arguments[0], true);
}

/* void *motte_block_map(int block): NULL if that fails */
int64_t gate_block_map(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry;
    if (find(process, arguments[0], &entry) < 0 || block_map(process, entry) < 0)
        return 0;
    return (int64_t)entry->window_page * (int64_t)MOTTE_PAGE_SIZE;
}

/* int motte_block_unmap(int block) */
int64_t gate_block_unmap(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry = table_find(process, arguments[0]);
    return entry && block_of(entry) ? block_unmap(process, entry) : -MOTTE_ERROR_INVALID_CAP;
}

/* motte_block_bytes *motte_block_open(int block): NULL if that fails.  A block that is not frozen does not end while its
 * process has it, so that no lock is needed to see that it is there. */
int64_t gate_block_open(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry = table_find(process, arguments[0]);
    if (!entry || !block_of(entry) || (block_of(entry)->pages.frozen && find(process, arguments[0], &entry) < 0))
        return 0;
    int64_t address = block_open(process, (int32_t)arguments[0], entry);
    return address < 0 ? 0 : address;
}

/* long motte_block_size(int block) */
int64_t gate_block_size(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry;
    int64_t result = find(process, arguments[0], &entry);
    return result < 0 ? result : (int64_t)block_of(entry)->pages.count * (int64_t)MOTTE_PAGE_SIZE;
}

/* int motte_block_free(int block) */
int64_t gate_block_free(struct process *process, const uint64_t arguments[6])
{
    const struct capability *entry = table_find(process, arguments[0]);
    return entry && block_of(entry) ? gate_cap_drop(process, arguments) : -MOTTE_ERROR_INVALID_CAP;
}

static int64_t split(struct process *process, struct capability *entry, uint32_t count)
{
    struct capability rest;
    uint64_t cost = block_split_cost(block_of(entry), count);
    if (!process_charge_asked(process, cost))
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (!block_split(entry, count, &rest)) {
        process_refund(process, cost);
        return -MOTTE_ERROR_LIMIT_REACHED;
    }
    return table_insert(process, rest);
}

/* int motte_block_split(int block, unsigned long offset): the handle of the rest */
int64_t gate_block_split(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry;
    if (!table_reserve(process, 1))
        return -MOTTE_ERROR_LIMIT_REACHED;
    int64_t result = find_writable(process, arguments[0], &entry);
    if (result < 0)
        return result;
    uint64_t claimed_count = arguments[1] / MOTTE_PAGE_SIZE;
    if (arguments[1] % MOTTE_PAGE_SIZE || claimed_count == 0 || claimed_count >= block_of(entry)->pages.count)
        return -MOTTE_ERROR_REQUEST_ERROR;
    uint32_t window_page = entry->window_page;
    result = block_unmap(process, entry);
    if (result == 0)
        result = split(process, entry, (uint32_t)claimed_count);
    if (window_page)
        block_map_again(process, (int32_t)arguments[0], window_page);
    return result;
}

/* int motte_block_freeze(int block) */
int64_t gate_block_freeze(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry;
    int64_t result = find_writable(process, arguments[0], &entry);
    if (result < 0)
        return result;
    uint32_t window_page = entry->window_page;
    result = block_unmap(process, entry);
    if (result == 0 && !block_freeze(entry, process))
        result = -MOTTE_ERROR_LIMIT_REACHED;
    if (window_page)
        block_map_again(process, (int32_t)arguments[0], window_page);
    return result;
}
