/* What is due when: moments, each embedded in what waits for it. Whoever owns them locks them. */
#ifndef MOTTE_TIMEOUTS_H
#define MOTTE_TIMEOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meters/heap.h"

struct timeout {
    uint32_t place; /* in the heap, while it is set */
    bool is_set;
    int kind; /* whatever the owner wants to remember */
    struct timeout *next_due;
};

struct timeouts {
    struct heap heap; /* by moment */
    uint32_t reserved;
};

/* Makes room for one more timeout, for its whole life, so that setting it cannot fail. False without memory. */
bool timeouts_reserve(struct timeouts *timeouts);
void timeouts_unreserve(struct timeouts *timeouts);

/* Sets it for the moment `at` (ticks), or sets it again. */
void timeouts_set(struct timeouts *timeouts, struct timeout *timeout, uint64_t at);
void timeouts_cancel(struct timeouts *timeouts, struct timeout *timeout);

/* The earliest moment; UINT64_MAX if none is set. */
uint64_t timeouts_next(const struct timeouts *timeouts);

/* Takes off all that are due: a list of them, and how many they are. */
struct timeout *timeouts_due(struct timeouts *timeouts, uint64_t now, size_t *count);

void timeouts_destroy(struct timeouts *timeouts);

#endif
