#include "guest_memory.h"

#include <string.h>

#include "process.h"
#include "slot.h"
#include "stack_growth.h"
#include "switch.h"
#include "worker.h"

/* The one check of a range: in 64 bits, before the window's base is added. An empty range is fine anywhere. */
static bool range_is_inside(guest_addr start, size_t size)
{
    return size <= MOTTE_WINDOW_SIZE - start.value;
}

static void *host_pointer(const struct process *process, guest_addr address)
{
    return (void *)(slot_window(process->slot) + address.value);
}

/* After a failure on the process's own worker: whether trying again makes sense, because a stack has grown. */
static bool settle(struct process *process)
{
    struct worker *worker = worker_current();
    if (!worker || atomic_load_explicit(&worker->process, memory_order_relaxed) != process)
        return false;
    uintptr_t address = worker->copy_fault.address;
    if (stack_grow(process, address) == STACK_GROWN)
        return true;
    keeping_access(process, (int64_t)(address - slot_window(process->slot)), worker->copy_fault.writes);
    return false;
}

static bool copy(struct process *process, void *to, const void *from, size_t size)
{
    while (guest_copy(to, from, size, slot_window(process->slot)) != 0)
        if (!settle(process))
            return false;
    return true;
}

bool copy_in(struct process *process, void *to, guest_addr from, size_t size)
{
    return range_is_inside(from, size) && copy(process, to, host_pointer(process, from), size);
}

bool copy_out(struct process *process, guest_addr to, const void *from, size_t size)
{
    return range_is_inside(to, size) && copy(process, host_pointer(process, to), from, size);
}

bool copy_within(struct process *process, guest_addr to, guest_addr from, size_t size)
{
    return range_is_inside(to, size) && range_is_inside(from, size)
        && copy(process, host_pointer(process, to), host_pointer(process, from), size);
}

bool clear_out(struct process *process, guest_addr to, size_t size)
{
    if (!range_is_inside(to, size))
        return false;
    while (guest_clear(host_pointer(process, to), 0, size, slot_window(process->slot)) != 0)
        if (!settle(process))
            return false;
    return true;
}

bool prepare_out(struct process *process, guest_addr to, size_t size)
{
    if (size == 0 || !keeping_may_retry(process))
        return true;
    if (!range_is_inside(to, size))
        return false;
    uint64_t end = (uint64_t)to.value + size;
    for (uint64_t at = to.value; at < end; at = (at / MOTTE_PAGE_SIZE + 1) * MOTTE_PAGE_SIZE) {
        char byte;
        guest_addr page = {(uint32_t)at};
        if (!copy_in(process, &byte, page, 1) || !copy_out(process, page, &byte, 1))
            return false;
    }
    return true;
}

/* Page by page, because the string may end just before a page that is not there. */
enum copy_string_result copy_in_string(struct process *process, char *to, guest_addr from, size_t capacity,
                                       size_t *length)
{
    size_t done = 0;
    while (done < capacity) {
        uint64_t position = (uint64_t)from.value + done;
        size_t piece = MOTTE_PAGE_SIZE - position % MOTTE_PAGE_SIZE;
        if (piece > capacity - done)
            piece = capacity - done;
        if (position >= MOTTE_WINDOW_SIZE || !copy_in(process, to + done, (guest_addr){(uint32_t)position}, piece))
            return STRING_UNREADABLE;
        const char *end = memchr(to + done, 0, piece);
        if (end) {
            *length = (size_t)(end - to);
            return STRING_COPIED;
        }
        done += piece;
    }
    return STRING_TOO_LONG;
}
