/* A sorted list of disjoint page ranges with their protection; equal neighbours are one area.
 *
 * Pure bookkeeping: knows nothing of banks, processes or the host's mappings.  Page numbers are window addresses /
 * 4096.
 */
#ifndef MOTTE_AREAS_H
#define MOTTE_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum window_protection {
    WINDOW_NO_ACCESS,
    WINDOW_READ,
    WINDOW_READ_WRITE,
};

struct area {
    uint32_t start, end; /* pages: [start, end), never empty */
    enum window_protection protection;
    bool charged; /* its pages are, or have been, accessible */
};

struct area_list {
    struct area *items;
    size_t count, capacity;
};

/* The capacity with which areas_replace, for all pieces of one range together, cannot fail: they split two areas at
 * most. */
size_t areas_wanted(const struct area_list *list);

/* Changes the capacity, to no less than the count; false if the host has no memory. */
bool areas_grow(struct area_list *list, size_t capacity);

/* The first area that ends above `page`; NULL if none does. */
struct area *areas_find(const struct area_list *list, uint32_t page);

/* [start, end) becomes one area like `like`, or free if `like` is NULL. the capacity is areas_wanted. */
void areas_replace(struct area_list *list, uint32_t start, uint32_t end, const struct area *like);

/* How many of the pages in [start, end) are mapped; of those, how many are charged. */
uint64_t areas_mapped_pages(const struct area_list *list, uint32_t start, uint32_t end);
uint64_t areas_charged_pages(const struct area_list *list, uint32_t start, uint32_t end);

void areas_clear(struct area_list *list);

#endif
