#include "heap.h"

#include <assert.h>
#include <stdlib.h>

bool heap_reserve(struct heap *heap, uint32_t capacity)
{
    if (capacity <= heap->capacity)
        return true;
    uint32_t roomier = heap->capacity > UINT32_MAX / 2 ? capacity : heap->capacity * 2;
    if (roomier < capacity)
        roomier = capacity;
    struct heap_item *items = realloc(heap->items, roomier * sizeof *items);
    if (!items)
        return false;
    heap->items = items;
    heap->capacity = roomier;
    return true;
}

void heap_release(struct heap *heap)
{
    free(heap->items);
}

static void put(struct heap *heap, uint32_t index, struct heap_item item)
{
    heap->items[index] = item;
    *item.place = index;
}

/* Both leave `item` where it belongs, at `index` or nearer to the top (the leaves). */
static void rise(struct heap *heap, uint32_t index, struct heap_item item)
{
    while (index) {
        uint32_t above = (index - 1) / 2;
        if (heap->items[above].key <= item.key)
            break;
        put(heap, index, heap->items[above]);
        index = above;
    }
    put(heap, index, item);
}

static void sink(struct heap *heap, uint32_t index, struct heap_item item)
{
    for (;;) {
        uint32_t below = 2 * index + 1;
        if (below >= heap->count)
            break;
        if (below + 1 < heap->count && heap->items[below + 1].key < heap->items[below].key)
            below++;
        if (item.key <= heap->items[below].key)
            break;
        put(heap, index, heap->items[below]);
        index = below;
    }
    put(heap, index, item);
}

static void settle(struct heap *heap, uint32_t index, struct heap_item item)
{
    if (index && item.key < heap->items[(index - 1) / 2].key)
        rise(heap, index, item);
    else
        sink(heap, index, item);
}

void heap_insert(struct heap *heap, virtual_time key, void *owner, uint32_t *place)
{
    assert(heap->count < heap->capacity);
    rise(heap, heap->count++, (struct heap_item){key, owner, place});
}

void heap_remove(struct heap *heap, uint32_t index)
{
    assert(index < heap->count);
    struct heap_item last = heap->items[--heap->count];
    if (index < heap->count)
        settle(heap, index, last);
}

void heap_change(struct heap *heap, uint32_t index, virtual_time key)
{
    assert(index < heap->count);
    if (heap->count == 1) { /* one busy group is the common tree */
        heap->items[0].key = key;
        return;
    }
    struct heap_item item = heap->items[index];
    item.key = key;
    settle(heap, index, item);
}
