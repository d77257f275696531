#include "frames.h"

#include "code_region.h"
#include "context.h"
#include "process.h"
#include "slot.h"

const struct motte_call_site *frame_map_site(const struct frame_map *map, uint64_t return_offset)
{
    size_t low = 0, high = map->site_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->sites[middle].return_offset < return_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->site_count && map->sites[low].return_offset == return_offset ? &map->sites[low] : NULL;
}

const struct motte_call_site *frames_at(const struct process *process, uintptr_t slot)
{
    uintptr_t low = process->native_stack_low, top = slot_stack_top(process->slot);
    if (slot - low >= top - low) /* a process that never ran has no frames */
        return NULL;
    const struct code_region *region = process->region;
    return frame_map_site(&region->frames, *(const uint64_t *)slot - region->base);
}

static bool find_place(const struct process *process, struct motte_place *place)
{
    return motte_find_place(&process->region->owned.claims, process->place.code_offset, place) == 0;
}

uint64_t frames_unit(const struct process *process)
{
    struct motte_place place;
    return find_place(process, &place) ? place.unit : process->place.code_offset;
}

bool frames_start(const struct process *process, uintptr_t *slot)
{
    if (!process->place.in_guest) {
        *slot = slot_context(process->slot)->guest_stack;
        return true;
    }
    struct motte_place place;
    if (!find_place(process, &place))
        return false;
    *slot = process->place.stack + place.height;
    return true;
}

uint64_t frames_collect(const struct process *process, uintptr_t slot, uint64_t first, uint32_t *offsets,
                        uint64_t capacity)
{
    uint64_t number = 0;
    const struct motte_call_site *site;
    for (; (site = frames_at(process, slot)); slot = frames_next(slot, site), number++)
        if (number - first < capacity)
            offsets[number - first] = site->return_offset;
    return number;
}
