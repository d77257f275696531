/* Waits that are over, for a thread that has many: while there are any, one descriptor is readable.
 *
 * What waits has a struct completion, and is in the list at most once.  Any thread adds to it; whoever has the list takes it.
 */
#ifndef MOTTE_COMPLETIONS_H
#define MOTTE_COMPLETIONS_H

#include <pthread.h>
#include <stdbool.h>

struct completion;

struct completions {
    pthread_mutex_t lock; /* nothing else is locked under it */
    int event;
    struct completion *first, **last;
};

struct completion {
    struct completions *completions; /* to be told when it is over; NULL */
    struct completion *next, **link; /* there; link is NULL: it is not there */
    void *holder;                    /* for the one who takes it */
};

/* False if the host has no descriptor for it.  It ends when no wait refers to it any more. */
bool completions_begin(struct completions *completions);
void completions_end(struct completions *completions);

/* The first of those that are over, which is not in the list any more; NULL: there are none. */
struct completion *completions_take(struct completions *completions);

/* It is over, and is told of, once until it is taken; it is not waited for any more. */
void completions_add(struct completion *completion);
void completions_remove(struct completion *completion);

#endif
