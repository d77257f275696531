#include "frame_map.h"

#include <stdlib.h>

/* Room for `wanted` more items behind `count`; arrays grow by doubling, to powers of two. */
static void *with_room(void *items, size_t count, size_t wanted, size_t size)
{
    size_t capacity = 64, needed = count + wanted;
    while (capacity < count)
        capacity *= 2;
    if (items && needed <= capacity)
        return items;
    while (capacity < needed)
        capacity *= 2;
    return realloc(items, capacity * size);
}

static bool is_call(const struct event *event)
{
    return event->kind == EFFECT_CALL || event->kind == EFFECT_INDIRECT_CALL;
}

static bool is_class_trap(const struct event *event)
{
    return event->kind == EFFECT_TRAP && event->first;
}

bool frame_map_add(const struct verification *run, struct motte_verdict *verdict)
{
    size_t calls = 0, traps = 0;
    for (size_t i = 0; i < run->event_count; i++) {
        calls += is_call(&run->events[i]);
        traps += is_class_trap(&run->events[i]);
    }
    void *sites = with_room(verdict->call_sites, verdict->call_site_count, calls, sizeof *verdict->call_sites);
    verdict->call_sites = sites ? sites : verdict->call_sites;
    void *offsets = with_room(verdict->class_traps, verdict->class_trap_count, traps, sizeof *verdict->class_traps);
    verdict->class_traps = offsets ? offsets : verdict->class_traps;
    if (!sites || !offsets)
        return false;
    for (size_t i = 0; i < run->event_count; i++) {
        const struct event *event = &run->events[i];
        if (is_class_trap(event))
            verdict->class_traps[verdict->class_trap_count++] = event->offset;
        if (is_call(event))
            verdict->call_sites[verdict->call_site_count++] = (struct motte_call_site){
                .return_offset = event->offset + event->length,
                .function = run->function,
                .height = (uint32_t)event->height,
            };
    }
    return true;
}

bool frame_map_place(const struct verification *run, uint32_t code_offset, struct motte_place *place)
{
    uint32_t unit = code_offset;
    while (!is_unit(run, unit))
        unit--; /* the function's first byte is one */
    const struct event *event = run->events, *end = event + run->event_count;
    while (event < end && event->offset < unit)
        event++;
    if (event == end || event->height == NO_HEIGHT)
        return false;
    bool plain = event->offset > unit || event->kind == EFFECT_ACCESS;
    uint32_t behind = unit + 1;
    while (plain && behind < run->end && !is_unit(run, behind))
        behind++;
    *place = (struct motte_place){run->function, unit, (uint32_t)event->height, plain && behind < run->end ? behind : 0};
    return true;
}
