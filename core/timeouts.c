#include "timeouts.h"

bool timeouts_reserve(struct timeouts *timeouts)
{
    if (!heap_reserve(&timeouts->heap, timeouts->reserved + 1))
        return false;
    timeouts->reserved++;
    return true;
}

void timeouts_unreserve(struct timeouts *timeouts)
{
    timeouts->reserved--;
}

void timeouts_set(struct timeouts *timeouts, struct timeout *timeout, uint64_t at)
{
    if (timeout->is_set)
        heap_change(&timeouts->heap, timeout->place, at);
    else
        heap_insert(&timeouts->heap, at, timeout, &timeout->place);
    timeout->is_set = true;
}

void timeouts_cancel(struct timeouts *timeouts, struct timeout *timeout)
{
    if (timeout->is_set)
        heap_remove(&timeouts->heap, timeout->place);
    timeout->is_set = false;
}

uint64_t timeouts_next(const struct timeouts *timeouts)
{
    return timeouts->heap.count ? (uint64_t)timeouts->heap.items[0].key : UINT64_MAX;
}

struct timeout *timeouts_due(struct timeouts *timeouts, uint64_t now, size_t *count)
{
    struct timeout *first = NULL, **last = &first;
    for (*count = 0; timeouts_next(timeouts) <= now; ++*count) {
        struct timeout *timeout = timeouts->heap.items[0].owner;
        timeouts_cancel(timeouts, timeout);
        timeout->next_due = NULL;
        *last = timeout;
        last = &timeout->next_due;
    }
    return first;
}

void timeouts_destroy(struct timeouts *timeouts)
{
    heap_release(&timeouts->heap);
    *timeouts = (struct timeouts){.reserved = 0};
}
