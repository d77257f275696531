#include "timeouts.h"

#include <stdlib.h>

#include "panic.h"

bool timeouts_reserve(struct timeouts *timeouts)
{
    if (timeouts->reserved == timeouts->capacity) {
        size_t capacity = timeouts->capacity ? 2 * timeouts->capacity : 64;
        struct timeout **items = realloc(timeouts->items, (capacity + 1) * sizeof(struct timeout *));
        if (!items)
            return false;
        timeouts->items = items;
        timeouts->capacity = capacity;
    }
    timeouts->reserved++;
    return true;
}

void timeouts_unreserve(struct timeouts *timeouts)
{
    timeouts->reserved--;
}

static void place(struct timeouts *timeouts, struct timeout *timeout, size_t position)
{
    timeouts->items[position] = timeout;
    timeout->position = position;
}

static void rise(struct timeouts *timeouts, struct timeout *timeout)
{
    size_t position = timeout->position;
    for (; position > 1 && timeout->at < timeouts->items[position / 2]->at; position /= 2)
        place(timeouts, timeouts->items[position / 2], position);
    place(timeouts, timeout, position);
}

static void sink(struct timeouts *timeouts, struct timeout *timeout)
{
    size_t position = timeout->position, child;
    for (; (child = 2 * position) <= timeouts->count; position = child) {
        if (child < timeouts->count && timeouts->items[child + 1]->at < timeouts->items[child]->at)
            child++;
        if (timeout->at <= timeouts->items[child]->at)
            break;
        place(timeouts, timeouts->items[child], position);
    }
    place(timeouts, timeout, position);
}

void timeouts_set(struct timeouts *timeouts, struct timeout *timeout, uint64_t at)
{
    timeout->at = at;
    if (!timeout->position) {
        require(timeouts->count < timeouts->reserved, "more timeouts are set than room was made for");
        place(timeouts, timeout, ++timeouts->count);
    }
    rise(timeouts, timeout);
    sink(timeouts, timeout);
}

void timeouts_cancel(struct timeouts *timeouts, struct timeout *timeout)
{
    if (!timeout->position)
        return;
    struct timeout *last = timeouts->items[timeouts->count--];
    if (last != timeout) {
        place(timeouts, last, timeout->position);
        rise(timeouts, last);
        sink(timeouts, last);
    }
    timeout->position = 0;
}

uint64_t timeouts_next(const struct timeouts *timeouts)
{
    return timeouts->count ? timeouts->items[1]->at : UINT64_MAX;
}

struct timeout *timeouts_due(struct timeouts *timeouts, uint64_t now)
{
    struct timeout *first = timeouts->count ? timeouts->items[1] : NULL;
    if (!first || first->at > now)
        return NULL;
    timeouts_cancel(timeouts, first);
    return first;
}

void timeouts_destroy(struct timeouts *timeouts)
{
    free(timeouts->items);
    *timeouts = (struct timeouts){.items = NULL};
}
