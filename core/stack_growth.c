#include "stack_growth.h"

#include <stdbool.h>

#include "code_region.h"
#include "image.h"
#include "process.h"
#include "slot.h"

/* How much is mapped next to `mapped` bytes of a stack, of which `wanted` are needed and `room` are left. */
static uintptr_t next_piece(uintptr_t mapped, uintptr_t wanted, uintptr_t room)
{
    uintptr_t step = mapped < STACK_STEP ? mapped : STACK_STEP;
    uintptr_t size = (wanted + step - 1) / step * step;
    return size < room ? size : room;
}

static bool open_range(struct process *process, uintptr_t low, uintptr_t high)
{
    uint64_t pages = (high - low) / MOTTE_PAGE_SIZE;
    if (!process_charge_range(process, low, high, pages))
        return false;
    if (slot_open(process->slot, low, high, true))
        return true;
    process_refund(process, pages);
    return false;
}

static enum stack_growth grow_native(struct process *process, uintptr_t address)
{
    uintptr_t mark = process->native_stack_low, top = slot_first_stack_page(process->slot) + MOTTE_PAGE_SIZE;
    uintptr_t limit = slot_first_stack_page(process->slot) - process->native_stack_size;
    if (address >= mark || address < limit)
        return STACK_ELSEWHERE;
    uintptr_t low = mark - next_piece(top - mark, mark - address, mark - limit);
    if (!open_range(process, low, mark)) {
        /* No more than is needed, if that is all that the bank has. */
        low = address & ~(uintptr_t)(MOTTE_PAGE_SIZE - 1);
        if (!open_range(process, low, mark))
            return STACK_REFUSED;
    }
    process->native_stack_low = low;
    return STACK_GROWN;
}

/* Native code has its native stack there.
 *
 * The area that ends at the mark is extended in place.  A guest may have changed its own data stack's protection:
 * then there is no such area, and the stack grows no more. */
static enum stack_growth grow_data(struct process *process, uintptr_t address)
{
    const struct image *image = process->image;
    uintptr_t window = slot_window(process->slot), mark = window + process->data_stack_mapped;
    uintptr_t start = window + image->data_stack_low / MOTTE_PAGE_SIZE * MOTTE_PAGE_SIZE;
    uintptr_t limit = window + image->data_stack_top;
    if (address < mark || address >= limit || code_region_is_foreign(process->region))
        return STACK_ELSEWHERE;
    uint32_t end = process->data_stack_mapped / MOTTE_PAGE_SIZE;
    struct area *area = areas_find(&process->window.areas, end - 1);
    if (!area || area->end != end || area->protection != WINDOW_READ_WRITE)
        return STACK_REFUSED;
    uintptr_t high = mark + next_piece(mark - start, address + 1 - mark, limit - mark);
    if (!open_range(process, mark, high)) {
        high = (address | (MOTTE_PAGE_SIZE - 1)) + 1;
        if (!open_range(process, mark, high))
            return STACK_REFUSED;
    }
    process->data_stack_mapped = process->window.reserved_low = (uint32_t)(high - window);
    area->end = process->data_stack_mapped / MOTTE_PAGE_SIZE;
    return STACK_GROWN;
}

enum stack_growth stack_grow(struct process *process, uintptr_t address)
{
    enum stack_growth growth = grow_native(process, address);
    return growth == STACK_ELSEWHERE ? grow_data(process, address) : growth;
}
