/* The virtual time of one group: how it moves.  fair.h says what it is for.
 *
 * Invariant: virtual_now is the weighted mean of the members' `eligible` times (the sum of lags is zero), or ahead of
 * it where it would have to go back; `surplus` is then the number of ticks that must be used before it moves again.
 *
 * Stretches under way have used time that nobody has been charged for yet.  Virtual time moves by it before anybody
 * joins or is chosen (`early` says by how much it did), or else one that wakes up beside a long stretch would come in
 * as if it had waited since that began.
 *
 * In a header because each of these is a few instructions on the way of every switch.
 */
#ifndef MOTTE_METERS_GROUP_CLOCK_H
#define MOTTE_METERS_GROUP_CLOCK_H

#include "tree.h"

#define FRACTION_BITS 48 /* of virtual time */
#define CLOCK_START ((virtual_time)1 << 120) /* so that subtracting a lag cannot pass zero */
#define SURPLUS_LIMIT (UINT64_C(1) << 62)

/* The virtual time of a tick for one of this weight. */
static inline uint64_t clock_inverse(uint64_t weight)
{
    return (UINT64_C(1) << FRACTION_BITS) / weight;
}

/* Virtual time of one of this weight, in ticks; shifted in two halves, or the product might not fit. */
static inline uint64_t clock_ticks(virtual_time span, uint64_t weight)
{
    virtual_time ticks = ((span >> FRACTION_BITS / 2) * weight) >> FRACTION_BITS / 2;
    return ticks < SURPLUS_LIMIT ? (uint64_t)ticks : SURPLUS_LIMIT;
}

/* `ticks` were used in the group, or owed to it. */
static inline void clock_advance(struct meter *group, uint64_t ticks)
{
    if (group->surplus) {
        uint64_t held = ticks < group->surplus ? ticks : group->surplus;
        group->surplus -= held;
        ticks -= held;
    }
    if (group->inverted_weight != group->weight) {
        group->inverted_weight = group->weight;
        group->ticks_to_virtual = clock_inverse(group->weight);
    }
    group->virtual_now += (virtual_time)ticks * group->ticks_to_virtual;
}

/* Virtual time is ahead by so many ticks. */
static inline void clock_hold(struct meter *group, uint64_t ticks)
{
    group->surplus = ticks < SURPLUS_LIMIT - group->surplus ? group->surplus + ticks : SURPLUS_LIMIT;
}

/* Counts what the stretches under way have used by `now`. */
static inline void clock_catch_up(struct meter *group, uint64_t now)
{
    if (!group->under_way)
        return;
    int64_t more = (int64_t)(group->under_way * now - group->starts - group->early);
    if (more <= 0)
        return; /* also where the clocks of two workers differ a little */
    group->early += (uint64_t)more;
    clock_advance(group, (uint64_t)more);
}

/* A stretch is over; virtual time has moved by a part of it already.  If it used less than the time that passed, the
 * rest stays `early` for the next ones. */
static inline void clock_stop(struct meter *group, uint64_t started, uint64_t used)
{
    uint64_t counted = used < group->early ? used : group->early;
    group->early -= counted;
    group->starts -= started;
    if (counted < used)
        clock_advance(group, used - counted);
    group->under_way--;
}

#endif
