#include "host_memory.h"

#include <stdlib.h>
#include <string.h>

#include "process.h"

/* What the host's allocator spends on a block: a header of one word, whole units of 16 bytes, at least two of them. */
enum { HEADER = 8, UNIT = 16, SMALLEST = 32 };

/* calloc() takes nothing from what the allocator keeps for each thread: blocks of up to so many bytes. */
enum { KEPT_BY_THREAD = 1024 };

void *host_memory_zeroed(size_t size)
{
    if (size > KEPT_BY_THREAD)
        return calloc(1, size);
    void *block = malloc(size);
    return block ? memset(block, 0, size) : NULL;
}

static uint64_t footprint(size_t size)
{
    uint64_t whole = ((uint64_t)size + HEADER + UNIT - 1) / UNIT * UNIT;
    return whole > SMALLEST ? whole : SMALLEST;
}

bool host_memory_charge(struct process *process, size_t size)
{
    return process_charge_bytes(process, footprint(size));
}

void host_memory_refund(struct process *process, size_t size)
{
    process_refund_bytes(process, footprint(size));
}

void *host_memory_allocate(struct process *process, size_t size)
{
    if (!host_memory_charge(process, size))
        return NULL;
    void *block = host_memory_zeroed(size);
    if (!block)
        host_memory_refund(process, size);
    return block;
}

void *host_memory_resize(struct process *process, void *block, size_t old_size, size_t size)
{
    void *resized = host_memory_allocate(process, size);
    if (!resized || !block)
        return resized;
    memcpy(resized, block, old_size < size ? old_size : size);
    host_memory_free(process, block, old_size);
    return resized;
}

void host_memory_free(struct process *process, void *block, size_t size)
{
    if (!block)
        return;
    free(block);
    host_memory_refund(process, size);
}
