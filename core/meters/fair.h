/* Who is next within one group: EEVDF (Stoica and Abdel-Wahab, 1995), earliest eligible virtual deadline first.
 *
 * The problem: proportional shares, exact to about one slice at any instant, and short waits for those who ask for
 * short slices.  Lotteries are exact only on average; strides and virtual finish times let one get far ahead of its
 * share, and then wait long.
 *
 * The answer: the group's virtual time moves by (ticks used in it) / (total weight of its active members): it is what a
 * member of weight 1 ought to have had.  Each member has the virtual time `eligible`, up to which it has been served
 * already, and `deadline`, by which its next slice ought to be over.  Who is ahead of its share (eligible > now) waits;
 * of the others the earliest deadline goes first.
 *
 * Members come and go.  A newcomer starts at max(its own time, now): sleeping earns nothing, and debts are kept.  Who leaves
 * before it has had its share, because it blocks early in its turns, finds that lag again: it starts so much before now.  Without
 * this it would stand in line behind those who use up their slices, again and again, and get a fraction of its share.  It finds
 * no more than a slice, so that nobody saves anything up; and no more than its last stretch used, so that those who block at
 * one another all the time, senders in a line for instance, are not made to differ by what an interrupt happened to cost one
 * of them.  What is not kept is the others'.
 *
 * Who leaves in debt has used what was the others', and virtual time, which must not go back, stands still until they have
 * had it (group_clock.h); without that, a stream of short-lived members, or one that always wakes for less than a
 * slice, pushes the clock away from the long-lived ones, and newcomers wait until these have caught up with it.
 *
 * With several workers, a meter may be queued and running at once.  Its place in the queue is then that of one that has
 * used up the slices under way, so that the other workers see it served.
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

/* A meter's own slice or weight has changed: call with the new ones. */
void fair_reshape(struct meter *meter, uint32_t weight, uint64_t slice);

#endif
