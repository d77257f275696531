#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "code_region.h"
#include "context.h"
#include "process.h"
#include "slot.h"

enum { BLOCK = 64 };

bool frame_map_create(struct frame_map *map, const struct motte_call_site *sites, size_t count, size_t code_size)
{
    *map = (struct frame_map){.site_count = count, .block_count = code_size / BLOCK + 1};
    map->sites = calloc(count + 1, sizeof *map->sites);
    map->first_in_block = calloc(map->block_count, sizeof *map->first_in_block);
    if (!map->sites || !map->first_in_block) {
        frame_map_release(map);
        return false;
    }
    memcpy(map->sites, sites, count * sizeof *sites);
    size_t site = 0;
    for (size_t block = 0; block < map->block_count; block++) {
        while (site < count && sites[site].return_offset < block * BLOCK)
            site++;
        map->first_in_block[block] = (uint32_t)site;
    }
    return true;
}

void frame_map_release(struct frame_map *map)
{
    free(map->sites);
    free(map->first_in_block);
    *map = (struct frame_map){.sites = NULL};
}

const struct motte_call_site *frame_map_site(const struct frame_map *map, uint64_t return_offset)
{
    if (return_offset / BLOCK >= map->block_count)
        return NULL;
    size_t site = map->first_in_block[return_offset / BLOCK];
    while (site < map->site_count && map->sites[site].return_offset < return_offset)
        site++;
    return site < map->site_count && map->sites[site].return_offset == return_offset ? &map->sites[site] : NULL;
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
