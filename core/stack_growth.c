#include "stack_growth.h"

#include <stdbool.h>

#include "image.h"
#include "process.h"
#include "slot.h"

/* The new low-water mark: whole steps below the old one, so as to include `address`, and not below `limit`. */
static uintptr_t next_mark(uintptr_t top, uintptr_t mark, uintptr_t limit, uintptr_t address)
{
    uintptr_t step = top - mark < STACK_STEP ? top - mark : STACK_STEP;
    uintptr_t size = (mark - address + step - 1) / step * step;
    return size < mark - limit ? mark - size : limit;
}

static bool open_from(struct process *process, uintptr_t low, uintptr_t mark)
{
    uint64_t pages = (mark - low) / MOTTE_PAGE_SIZE;
    if (!process_charge_range(process, low, mark, pages))
        return false;
    if (slot_open(process->slot, low, mark, true))
        return true;
    process_refund(process, pages);
    return false;
}

/* Whole steps, or no more than is needed if that is all that the bank has. */
static bool open_below(struct process *process, uintptr_t *low, uintptr_t mark, uintptr_t address)
{
    if (open_from(process, *low, mark))
        return true;
    *low = address & ~(uintptr_t)(MOTTE_PAGE_SIZE - 1);
    return open_from(process, *low, mark);
}

static enum stack_growth grow_native(struct process *process, uintptr_t address)
{
    uintptr_t mark = process->native_stack_low;
    uintptr_t limit = slot_front_page(process->slot) - process->native_stack_size;
    if (address >= mark || address < limit)
        return STACK_ELSEWHERE;
    uintptr_t low = next_mark(slot_window(process->slot), mark, limit, address);
    if (!open_below(process, &low, mark, address))
        return STACK_REFUSED;
    process->native_stack_low = low;
    return STACK_GROWN;
}

/* The area that starts at the mark is extended in place.  A guest may have changed its own data stack's protection:
 * then there is no such area, and the stack grows no more. */
static enum stack_growth grow_data(struct process *process, uintptr_t address)
{
    uintptr_t window = slot_window(process->slot);
    uint32_t mark = process->data_stack_mapped;
    if (address < window + process->data_stack_limit || address >= window + mark)
        return STACK_ELSEWHERE;
    struct area *area = areas_find(&process->window.areas, mark / MOTTE_PAGE_SIZE);
    if (!area || area->start != mark / MOTTE_PAGE_SIZE || area->protection != WINDOW_READ_WRITE)
        return STACK_REFUSED;
    uintptr_t low = next_mark(window + process->image->data_stack_top, window + mark,
                              window + process->data_stack_limit, address);
    if (!open_below(process, &low, window + mark, address))
        return STACK_REFUSED;
    process->data_stack_mapped = (uint32_t)(low - window);
    process->window.reserved_high = process->data_stack_mapped;
    area->start = process->data_stack_mapped / MOTTE_PAGE_SIZE;
    return STACK_GROWN;
}

enum stack_growth stack_grow(struct process *process, uintptr_t address)
{
    enum stack_growth growth = grow_native(process, address);
    return growth == STACK_ELSEWHERE ? grow_data(process, address) : growth;
}
