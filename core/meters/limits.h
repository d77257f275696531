/* What a meter may still give out: its total, and its rate.
 *
 * A rate is a sporadic server (Sprunt, Sha and Lehoczky, 1989): what a stretch used comes back one period after its
 * start.  Filling up at fixed times instead lets twice the budget pass around such a time.  With several workers, what
 * was used over a long stretch could be used again in a shorter one, so there it comes back one period after its end, in
 * a few parts.
 * At most RETURNS returns are under way: those that lie within 1/RETURNS of a period come back together, at the latest
 * of their times; if there are still too many, the newest grows.  Both only delay.
 */
#ifndef MOTTE_METERS_LIMITS_H
#define MOTTE_METERS_LIMITS_H

#include "tree.h"

static inline bool limits_rate_is_out(const struct meter *meter)
{
    return meter->has_rate && meter->rate.left - meter->lent <= 0;
}

/* Off, or nothing available of the total or the rate: nobody below is picked. */
static inline bool limits_block(const struct meter *meter)
{
    return !meter->is_on || (meter->has_total && meter->left - meter->lent <= 0) || limits_rate_is_out(meter);
}

/* What the counter gives to one more worker at most; for one that is not blocked. METER_UNLIMITED. */
int64_t limits_offer(const struct meter *meter, uint32_t workers, int64_t slice);

/* Charges a stretch that began at `started` and ended `now`. */
void limits_charge(struct meter *meter, uint64_t started, uint64_t now, uint64_t used);

/* Takes back what is due of the rate. */
void limits_collect(struct meter *meter, uint64_t now);
/* Puts the meter among its root's events if somebody in it waits for its rate, or takes it away. */
void limits_schedule(struct meter *meter);

#endif
