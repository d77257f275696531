/* What pool.c and cells_thread.c share. */
#ifndef MOTTE_CELLS_POOL_STATE_H
#define MOTTE_CELLS_POOL_STATE_H

#include <pthread.h>

#include "pool.h"

enum { READY_CELLS = 4 };

/* Lock order: making, then lock.  Whoever makes descriptors that are in no list yet has `making`, so that a fork of the host
 * finds all of them in lists. */
struct pool {
    pthread_mutex_t making, lock;
    pthread_cond_t changed; /* a cell is ready, or could not be made */

    /* Under the lock. */
    bool has_thread;
    int poll, bell;            /* the thread's descriptors, constant while it is there */
    struct cell *all;          /* linked by `next` */
    struct cell *ready, *back; /* linked by `next_in` */
    uint32_t ready_count, waiting;
    uint64_t failures;   /* to make a cell */
    const char *problem; /* of the last one */
    uint32_t features;
};
extern struct pool cells_pool;

/* Under the lock. */
void pool_put_in(struct cell **list, struct cell *cell);
void pool_take_out(struct cell **list, struct cell *cell);

/* The thread. */
void *cells_thread(void *unused);

/* In a child of fork: the warden is another process's. */
void cells_thread_forget(void);

#endif
