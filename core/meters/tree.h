/* The node of the tree, for the files of this library only. */
#ifndef MOTTE_METERS_TREE_H
#define MOTTE_METERS_TREE_H

#include "heap.h"
#include "meters.h"

#define RETURNS 32 /* replenishments on their way to one meter */

/* Ticks of a rate that come back together. */
struct rate_return {
    uint64_t first, time; /* when the earliest of them were due; when they come back */
    int64_t ticks;
    int64_t debt; /* so many of them were used beyond the budget, and come back one period later still */
};

struct rate {
    uint64_t period; /* 0: no rate */
    int64_t left; /* what is lent not deducted; negative: a debt */
    uint32_t oldest, count;
    uint32_t event; /* place among the root's events */
    bool has_event;
    struct rate_return returns[RETURNS];
};

struct meter {
    struct contender contender; /* its place in its parent; first, so that one is found from the other */

    /* The group below it (fair.c). */
    virtual_time virtual_now;
    uint64_t surplus;                  /* ticks to be used before virtual_now moves */
    uint64_t early;                    /* ticks of the stretches under way by which it moved already */
    uint64_t starts;                   /* of the stretches under way, added up */
    uint32_t under_way;
    uint64_t weight;                   /* of all that are queued or running in it */
    uint64_t ticks_to_virtual;         /* 2^48 / inverted_weight, */
    uint64_t inverted_weight;          /* which may be an old `weight` */
    struct heap waiting, eligible;     /* by `eligible`, by `deadline` */
    virtual_time leaf_slice;           /* its slice in the virtual time of a leaf, */
    virtual_time own_slice;            /* and in its own as a contender */
    uint64_t slice, longest_stretch;
    uint32_t members;

    /* The account (limits.c). `left` and `lent` move apart, so that a limit may be set while something is lent. */
    bool is_on;
    bool has_total, has_rate;
    uint64_t used;
    int64_t left; /* METER_UNLIMITED without a total; negative: a debt */
    int64_t lent; /* outstanding below it */

    /* The list of the dry. */
    bool announced; /* since it was last refilled */
    bool listed;
    struct meter *dry_before, *dry_after; /* neighbours on the list */

    struct meter *root;
    uint32_t references, depth;
    uint64_t identity;
    bool has_keeper;

    /* Of a root only. */
    uint32_t workers;
    struct heap events; /* the meters that wait for their rate, by its next return */
    struct meter *first_dry, *last_dry;
    uint32_t meters;    /* in the tree, this one included */

    struct rate rate;
};

static inline struct meter *meter_of(struct contender *contender)
{
    return (struct meter *)(void *)contender;
}

static inline uint32_t meter_ready(const struct meter *meter)
{
    return meter->waiting.count + meter->eligible.count;
}

/* Somebody was queued or dequeued in this meter, or its limits changed: it is queued in its parent if somebody is
 * queued in it and nothing stops it; and so on upwards. */
void meter_settle(struct meter *meter, uint64_t now);

/* Onto the list of the dry, if it has not been there since it was last refilled. */
void meter_announce(struct meter *meter);
/* Off it, if it is on it. */
void meter_unlist(struct meter *meter);

#endif
