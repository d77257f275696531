#include "call_memory.h"

#include "image.h"
#include "process.h"
#include "slot.h"
#include "stack_growth.h"
#include "window.h"

static uint64_t aligned(uint64_t address)
{
    return (address + CALL_MEMORY_ALIGNMENT - 1) / CALL_MEMORY_ALIGNMENT * CALL_MEMORY_ALIGNMENT;
}

/* What a bank refuses here is the caller's to hear of, and no question to a keeper. */
static bool without_question(struct process *process, bool done)
{
    if (!done)
        process->question.ask = ASK_NOTHING;
    return done;
}

static bool reach(struct process *process, uint64_t end)
{
    return end <= process->data_stack_mapped || stack_grow(process, slot_window(process->slot) + end - 1) == STACK_GROWN;
}

static bool take_from_stack(struct process *process, uint64_t size, struct call_memory *memory)
{
    const struct image *image = process->image;
    guest_addr variable = {image->pointer_variable};
    uint64_t claimed_pointer;
    if (!variable.value || !copy_in(process, &claimed_pointer, variable, sizeof claimed_pointer))
        return false;
    if (claimed_pointer < image->data_stack_low || claimed_pointer >= image->data_stack_top)
        return false;
    uint64_t start = aligned(claimed_pointer), end = aligned(start + size);
    if (size > (image->data_stack_top - claimed_pointer) / 2 || !reach(process, end))
        return without_question(process, false);
    if (!copy_out(process, variable, &end, sizeof end))
        return false;
    *memory = (struct call_memory){.start = {(uint32_t)start}, .stack_pointer = claimed_pointer};
    return true;
}

static bool map(struct process *process, uint64_t size, struct call_memory *memory)
{
    const guest_addr low = {MOTTE_MAP_BASE}, high = {MOTTE_MAP_END};
    uint64_t pages = pages_for(size);
    guest_addr start;
    bool mapped = size <= MOTTE_MAP_END - MOTTE_MAP_BASE && window_find_free(process, low, high, pages, &start) == 0
               && window_map(process, start, pages, WINDOW_READ_WRITE) == 0;
    if (mapped)
        *memory = (struct call_memory){.start = start, .mapped_pages = pages};
    return without_question(process, mapped);
}

bool call_memory_take(struct process *process, uint64_t size, struct call_memory *memory)
{
    return take_from_stack(process, size, memory) || map(process, size, memory);
}

/* The guest may have unmapped it, or made its variable read-only: then there is nothing to be done. */
void call_memory_give_back(struct process *process, const struct call_memory *memory)
{
    if (memory->mapped_pages)
        window_unmap(process, memory->start, memory->mapped_pages);
    else
        copy_out(process, (guest_addr){process->image->pointer_variable}, &memory->stack_pointer,
                 sizeof memory->stack_pointer);
    process->question.ask = ASK_NOTHING;
}
