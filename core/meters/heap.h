/* A binary heap whose members know their places, so that any of them leaves in O(log n).
 *
 * It never allocates by itself: room for all possible members is reserved when a member comes into being, because a
 * scheduler that cannot queue somebody has no good answer.
 */
#ifndef MOTTE_METERS_HEAP_H
#define MOTTE_METERS_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "meters.h"

struct heap_item {
    virtual_time key;
    void *owner;
    uint32_t *place; /* the owner's record of its index */
};

struct heap {
    struct heap_item *items;
    uint32_t count, capacity;
};

/* Room for `capacity` members altogether; false without memory. */
bool heap_reserve(struct heap *heap, uint32_t capacity);
void heap_release(struct heap *heap);

void heap_insert(struct heap *heap, virtual_time key, void *owner, uint32_t *place);
void heap_remove(struct heap *heap, uint32_t index);
void heap_change(struct heap *heap, uint32_t index, virtual_time key);

#endif
