/* Claims in order: a stranger may give them in any, and lookups must be fast. */
#ifndef MOTTE_VERIFIER_SORTED_H
#define MOTTE_VERIFIER_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sorted_item {
    uint64_t key;
    uint32_t value;
};

struct sorted {
    struct sorted_item *items;
    size_t count;
};

/* Room for `count` items, to be filled and then sorted. False without memory. */
bool sorted_allocate(struct sorted *sorted, size_t count);
void sorted_release(struct sorted *sorted);

/* By key, in place; linear if they are in order already, and never worse than n log n. */
void sorted_sort(struct sorted *sorted);

/* Index of the first item with at least this key; `count` if there is none. */
size_t sorted_first(const struct sorted *sorted, uint64_t key);

/* The value of the first item with exactly this key, or NULL. */
const uint32_t *sorted_find(const struct sorted *sorted, uint64_t key);

#endif
