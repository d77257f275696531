#include "window.h"

#include <errno.h>

#include "casts.h"
#include "host_mappings.h"
#include "host_memory.h"
#include "process.h"
#include "slot.h"

static uint32_t page_of(guest_addr address)
{
    return address.value / MOTTE_PAGE_SIZE;
}

static uintptr_t host_address(const struct process *process, uint32_t page)
{
    return slot_window(process->slot) + (uint64_t)page * MOTTE_PAGE_SIZE;
}

static bool range_is_valid(guest_addr start, uint64_t pages)
{
    return start.value % MOTTE_PAGE_SIZE == 0 && start.value >= MOTTE_NULL_GUARD_END && pages > 0
        && pages <= (MOTTE_EXCHANGE_END - start.value) / MOTTE_PAGE_SIZE;
}

static bool overlaps_data_stack(const struct window *window, uint32_t start, uint32_t end)
{
    return start < window->reserved_high / MOTTE_PAGE_SIZE && end > window->reserved_low / MOTTE_PAGE_SIZE;
}

/* An area can cost two host mappings: itself, and the hole that it leaves or makes beside it. */
static bool reserve_mappings(struct window *window)
{
    uint32_t count = (uint32_t)window->areas.count + 2;
    uint32_t wanted = window->berths + (count > window->initial_areas ? 2 * (count - window->initial_areas) : 0);
    if (wanted <= window->mappings)
        return true;
    uint32_t more = wanted - window->mappings;
    if (wanted > MAPPINGS_PER_PROCESS || !host_mappings_charge(more))
        return false;
    window->mappings += more;
    return true;
}

static bool reserve_areas(struct process *process, struct area_list *areas)
{
    size_t before = areas->capacity, wanted = areas_wanted(areas);
    if (wanted == before)
        return true;
    if (!host_memory_charge(process, wanted * sizeof *areas->items))
        return false;
    bool grown = areas_grow(areas, wanted);
    if (!grown || before)
        host_memory_refund(process, (grown ? before : wanted) * sizeof *areas->items);
    return grown;
}

/* Everything that a change of the list may need, so that afterwards only the host can refuse. */
static bool reserve_change(struct process *process)
{
    return reserve_mappings(&process->window) && reserve_areas(process, &process->window.areas);
}

/* True if such pages at `first` are one mapping with what lies below them: a growing heap takes no further one. */
static bool extends_area(const struct window *window, uint32_t first, enum window_protection protection)
{
    const struct area *below = areas_find(&window->areas, first - 1);
    return below && below->end == first && below->protection == protection && below->charged
        && first > window->image_end / MOTTE_PAGE_SIZE;
}

int window_map(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection)
{
    if (!range_is_valid(start, pages))
        return -EINVAL;
    struct window *window = &process->window;
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    if (areas_mapped_pages(&window->areas, first, end) || overlaps_data_stack(window, first, end))
        return -EEXIST;
    if (!(extends_area(window, first, protection) ? reserve_areas(process, &window->areas) : reserve_change(process)))
        return -ENOMEM;

    struct area area = {first, end, protection, protection != WINDOW_NO_ACCESS};
    if (area.charged) {
        uintptr_t low = host_address(process, first), high = host_address(process, end);
        if (!process_charge_mapping(process, low, high, pages))
            return -ENOMEM;
        if (!slot_open(process->slot, low, high, protection == WINDOW_READ_WRITE)) {
            process_refund(process, pages);
            return -ENOMEM;
        }
    }
    areas_replace(&window->areas, first, end, &area);
    return 0;
}

/* Pages of the image are a file's: dropping them would bring the file's bytes back, and not zeroes. So anonymous memory
 * takes their place. */
static bool shut(struct process *process, uint32_t first, uint32_t end)
{
    uintptr_t low = host_address(process, first), high = host_address(process, end);
    if (first >= process->window.image_end / MOTTE_PAGE_SIZE)
        return slot_shut(process->slot, low, high);
    process->window.image_replaced = true;
    return slot_replace(process->slot, low, high);
}

/* Every page of the range is mapped. */
static bool discard(struct process *process, uint32_t first, uint32_t end)
{
    if (first >= process->window.image_end / MOTTE_PAGE_SIZE)
        return slot_discard(process->slot, host_address(process, first), host_address(process, end));
    if (!shut(process, first, end))
        return false;
    while (first < end) {
        const struct area *area = areas_find(&process->window.areas, first);
        uint32_t stop = area->end < end ? area->end : end;
        if (area->protection != WINDOW_NO_ACCESS
            && !slot_open(process->slot, host_address(process, first), host_address(process, stop),
                          area->protection == WINDOW_READ_WRITE))
            return false;
        first = stop;
    }
    return true;
}

int window_unmap(struct process *process, guest_addr start, uint64_t pages)
{
    if (!range_is_valid(start, pages))
        return -EINVAL;
    struct window *window = &process->window;
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    uint64_t charged = areas_charged_pages(&window->areas, first, end);
    if (!reserve_change(process))
        return -ENOMEM;

    bool file_backed = first < window->image_end / MOTTE_PAGE_SIZE;
    if ((charged || file_backed) && !shut(process, first, end))
        return -ENOMEM;
    areas_replace(&window->areas, first, end, NULL);
    casts_forget(process);
    process_refund(process, charged);
    return 0;
}

/* Accessible again: the reserved pages of the range are charged now. */
static int make_accessible(struct process *process, uint32_t first, uint32_t end, enum window_protection protection)
{
    uintptr_t low = host_address(process, first), high = host_address(process, end);
    uint64_t fresh = end - first - areas_charged_pages(&process->window.areas, first, end);
    if (!process_charge_mapping(process, low, high, fresh))
        return -ENOMEM;
    if (!slot_open(process->slot, low, high, protection == WINDOW_READ_WRITE)) {
        process_refund(process, fresh);
        return -ENOMEM;
    }
    areas_replace(&process->window.areas, first, end, &(struct area){.protection = protection, .charged = true});
    return 0;
}

/* Inaccessible, with the bytes kept: charged pages stay charged, reserved ones stay reserved. */
static int make_inaccessible(struct process *process, uint32_t first, uint32_t end)
{
    struct area_list *areas = &process->window.areas;
    if (!slot_deny(process->slot, host_address(process, first), host_address(process, end)))
        return -ENOMEM;
    while (first < end) {
        struct area area = *areas_find(areas, first);
        uint32_t stop = area.end < end ? area.end : end;
        area.protection = WINDOW_NO_ACCESS;
        areas_replace(areas, first, stop, &area);
        first = stop;
    }
    return 0;
}

int window_protect(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection)
{
    if (!range_is_valid(start, pages))
        return -EINVAL;
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    if (!window_is_mapped(process, start, pages))
        return -ENOENT;
    if (!reserve_change(process))
        return -ENOMEM;
    return protection == WINDOW_NO_ACCESS ? make_inaccessible(process, first, end)
                                          : make_accessible(process, first, end, protection);
}

int window_discard(struct process *process, guest_addr start, uint64_t pages)
{
    if (!range_is_valid(start, pages))
        return -EINVAL;
    if (!window_is_mapped(process, start, pages))
        return -ENOENT;
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    return discard(process, first, end) ? 0 : -ENOMEM;
}

int window_lend(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection,
                bool charged)
{
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    if (!reserve_change(process)
        || !process_charge_mapping(process, host_address(process, first), host_address(process, end), charged ? pages : 0))
        return -ENOMEM;
    areas_replace(&process->window.areas, first, end, &(struct area){first, end, protection, charged});
    return 0;
}

/* The list gets no longer by that: there is room for it. */
void window_take_back(struct process *process, guest_addr start, uint64_t pages)
{
    uint32_t first = page_of(start), end = first + (uint32_t)pages;
    uint64_t charged = areas_charged_pages(&process->window.areas, first, end);
    areas_replace(&process->window.areas, first, end, NULL);
    casts_forget(process);
    process_refund(process, charged);
}

int window_find_free(struct process *process, guest_addr low, guest_addr high, uint64_t pages, guest_addr *found)
{
    uint32_t lowest = page_of(low), top = page_of(high);
    const struct area_list *areas = &process->window.areas;
    if (pages == 0)
        return -EINVAL;
    for (size_t i = areas->count + 1; i-- > 0;) {
        /* The gap below `top` reaches down to the end of area i - 1, or to `low`. */
        uint32_t below = i > 0 ? areas->items[i - 1].end : 0;
        uint32_t bottom = below > lowest ? below : lowest;
        if (top > bottom && top - bottom >= pages) {
            *found = (guest_addr){(top - (uint32_t)pages) * (uint32_t)MOTTE_PAGE_SIZE};
            return 0;
        }
        if (i > 0 && areas->items[i - 1].start < top)
            top = areas->items[i - 1].start;
    }
    return -ENOMEM;
}

bool window_is_mapped(struct process *process, guest_addr start, uint64_t pages)
{
    if (!range_is_valid(start, pages))
        return false;
    uint32_t first = page_of(start);
    return areas_mapped_pages(&process->window.areas, first, first + (uint32_t)pages) == pages;
}

bool window_begin(struct process *process, size_t count)
{
    struct area_list *areas = &process->window.areas;
    if (!host_memory_charge(process, count * sizeof *areas->items))
        return false;
    if (areas_grow(areas, count))
        return true;
    host_memory_refund(process, count * sizeof *areas->items);
    return false;
}

void window_clear(struct process *process)
{
    struct window *window = &process->window;
    if (window->areas.capacity)
        host_memory_refund(process, window->areas.capacity * sizeof *window->areas.items);
    areas_clear(&window->areas);
    host_mappings_refund(window->mappings);
    window->mappings = 0;
}
