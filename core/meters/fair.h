/* Who is next within one group: EEVDF (Stoica and Abdel-Wahab, 1995), earliest eligible virtual deadline first.
 *
 * The problem: proportional shares, exact to about one slice at any instant, and short waits for those who ask for short
 * slices.  Lotteries are exact only on average; strides and virtual finish times let one get far ahead of its share and
 * then wait long.
 *
 * The answer: the group's virtual time moves by (ticks used in it) / (total weight of its active members): it is what a
 * member of weight 1 ought to have had.  Each member has the virtual time `eligible`, up to which it has been served
 * already, and `deadline`, by which its next slice ought to be over.  Who is ahead of its share (eligible > now) waits;
 * of the others the earliest deadline goes first.
 *
 * Invariant: virtual time is the weighted mean of the members' `eligible` times (the sum of lags is zero), or ahead of it
 * where it would have to go back: `surplus` is then the number of ticks that must be used before it moves again.  So
 * who leaves in debt does not make the others look served, who leaves early does not make them look starved, and a stream of short-lived
 * members does not push the clock away from the long-lived ones.  A newcomer starts at max(its own time, now): sleeping
 * earns nothing, and debts are kept.
 *
 * Stretches under way have used time that nobody has been charged yet: virtual time moves by it before anybody joins or
 * is chosen (`early`), or else one that wakes up beside a long stretch would come in as if it had been there all along.
 *
 * With several workers, a meter may be queued and running at once: at each start of a stretch it is charged a whole
 * slice in advance, which its stop corrects, so that the other workers see it served.
 */
#ifndef MOTTE_METERS_FAIR_H
#define MOTTE_METERS_FAIR_H

#include "tree.h"

/* For one that has a parent and is not queued; it becomes a member if it was not running either. */
void fair_queue(struct contender *contender, uint64_t now);
/* For one that is queued; it is a member no longer, unless it is running. */
void fair_dequeue(struct contender *contender);

/* The next of a group in which somebody is queued; it stays queued. */
struct contender *fair_choose(struct meter *group, uint64_t now);

/* A stretch begins at or below this queued one; `queued`: it stays queued. */
void fair_start(struct contender *contender, uint64_t now, bool queued);
/* A stretch that began at `started` is over; `used` ticks passed in it. `queued`: it is to be queued from now on. */
void fair_stop(struct contender *contender, uint64_t started, uint64_t used, bool queued);

/* 2^48 / weight. */
uint64_t fair_inverse(uint64_t weight);
/* A meter's own slice or weight has changed: call with the new ones. */
void fair_reshape(struct meter *meter, uint32_t weight, uint64_t slice);

#endif
