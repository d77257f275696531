/* What is due when: a heap of moments, each embedded in what waits for it. Whoever owns the heap locks it. */
#ifndef MOTTE_TIMEOUTS_H
#define MOTTE_TIMEOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timeout {
    uint64_t at;    /* ticks */
    size_t position; /* in the heap, from 1; 0: not set */
    int kind;        /* whatever the owner wants to remember */
};

struct timeouts {
    struct timeout **items;
    size_t count, capacity, reserved;
};

/* Makes room for one more timeout, for its whole life, so that setting it cannot fail. False without memory. */
bool timeouts_reserve(struct timeouts *timeouts);
void timeouts_unreserve(struct timeouts *timeouts);

/* Sets, or sets again. */
void timeouts_set(struct timeouts *timeouts, struct timeout *timeout, uint64_t at);
void timeouts_cancel(struct timeouts *timeouts, struct timeout *timeout);

/* The earliest moment; UINT64_MAX if none is set. */
uint64_t timeouts_next(const struct timeouts *timeouts);

/* Takes one off that is due, or NULL. */
struct timeout *timeouts_due(struct timeouts *timeouts, uint64_t now);

void timeouts_destroy(struct timeouts *timeouts);

#endif
