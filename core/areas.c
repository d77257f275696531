#include "areas.h"

#include <stdlib.h>
#include <string.h>

/* Replacing a range, whole or piece by piece, splits the areas at its two ends. */
enum { WORST_GROWTH = 2, FIRST_CAPACITY = 8 };

size_t areas_wanted(const struct area_list *list)
{
    if (list->capacity - list->count >= WORST_GROWTH)
        return list->capacity;
    return list->capacity ? 2 * list->capacity : FIRST_CAPACITY;
}

bool areas_grow(struct area_list *list, size_t capacity)
{
    struct area *items = realloc(list->items, capacity * sizeof *items);
    if (!items)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

void areas_clear(struct area_list *list)
{
    free(list->items);
    *list = (struct area_list){0};
}

static size_t first_ending_above(const struct area_list *list, uint32_t page)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].end > page)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct area *areas_find(const struct area_list *list, uint32_t page)
{
    size_t index = first_ending_above(list, page);
    return index < list->count ? &list->items[index] : NULL;
}

/* What a stretch of the list becomes; pieces arrive in order. */
struct pieces {
    struct area items[5];
    size_t count;
};

static void append(struct pieces *pieces, struct area next)
{
    struct area *last = pieces->count ? &pieces->items[pieces->count - 1] : NULL;
    if (next.start == next.end)
        return;
    if (last && last->end == next.start && last->protection == next.protection && last->charged == next.charged)
        last->end = next.end;
    else
        pieces->items[pieces->count++] = next;
}

void areas_replace(struct area_list *list, uint32_t start, uint32_t end, const struct area *like)
{
    struct pieces pieces = {.count = 0};
    size_t first = first_ending_above(list, start), last = first;
    while (last < list->count && list->items[last].start < end)
        last++;

    size_t replaced_from = first, replaced_to = last;
    if (first > 0 && list->items[first - 1].end == start)
        append(&pieces, list->items[--replaced_from]);
    if (first < last && list->items[first].start < start) {
        struct area left = list->items[first];
        left.end = start;
        append(&pieces, left);
    }
    if (like)
        append(&pieces, (struct area){start, end, like->protection, like->charged});
    if (first < last && list->items[last - 1].end > end) {
        struct area right = list->items[last - 1];
        right.start = end;
        append(&pieces, right);
    }
    if (last < list->count && list->items[last].start == end)
        append(&pieces, list->items[replaced_to++]);

    struct area *hole = list->items + replaced_from;
    memmove(hole + pieces.count, list->items + replaced_to, (list->count - replaced_to) * sizeof *hole);
    memcpy(hole, pieces.items, pieces.count * sizeof *hole);
    list->count = list->count - (replaced_to - replaced_from) + pieces.count;
}

static uint64_t count_pages(const struct area_list *list, uint32_t start, uint32_t end, bool charged_only)
{
    uint64_t pages = 0;
    for (size_t i = first_ending_above(list, start); i < list->count && list->items[i].start < end; i++) {
        const struct area *area = &list->items[i];
        uint32_t low = area->start > start ? area->start : start;
        uint32_t high = area->end < end ? area->end : end;
        if (area->charged || !charged_only)
            pages += high - low;
    }
    return pages;
}

uint64_t areas_mapped_pages(const struct area_list *list, uint32_t start, uint32_t end)
{
    return count_pages(list, start, end, false);
}

uint64_t areas_charged_pages(const struct area_list *list, uint32_t start, uint32_t end)
{
    return count_pages(list, start, end, true);
}
