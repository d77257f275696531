/* Meters under a running scheduler: what a change of a meter means for those who run, wait or sleep.
 *
 * From any thread, without the lock.  Times in nanoseconds, UINT64_MAX for no limit.
 */
#ifndef MOTTE_METERING_H
#define MOTTE_METERING_H

#include <stdbool.h>
#include <stdint.h>

struct meter;
struct scheduler;

/* Gives it a number that no other meter of this host process ever had, greater than 0. */
void metering_identify(struct meter *meter);

/* A new meter below `parent`, with one reference; NULL without memory, or too deep. */
struct meter *metering_create(struct scheduler *scheduler, struct meter *parent);
void metering_retain(struct scheduler *scheduler, struct meter *meter);
void metering_release(struct scheduler *scheduler, struct meter *meter);

/* A total from now on. */
void metering_set_budget(struct scheduler *scheduler, struct meter *meter, uint64_t ns);
/* So much more of the total; those that waited for it go on. */
void metering_refill(struct scheduler *scheduler, struct meter *meter, uint64_t ns);
/* At most `budget_ns` in any `period_ns`; a period of 0 removes the rate.  False, and nothing changed, if the host refuses
 * the thread that gives it back. */
bool metering_set_rate(struct scheduler *scheduler, struct meter *meter, uint64_t budget_ns, uint64_t period_ns);
void metering_set_weight(struct scheduler *scheduler, struct meter *meter, uint32_t weight);
void metering_set_slice(struct scheduler *scheduler, struct meter *meter, uint64_t ns);
/* Off: everything below stops where it is; on: it goes on there. */
void metering_set_on(struct scheduler *scheduler, struct meter *meter, bool on);

struct metering_state {
    uint64_t used_ns, left_ns; /* used: what is under way, too; left_ns is UINT64_MAX without a total */
    uint64_t used_ticks;
    uint64_t slice_ns;
    uint32_t weight;
    bool on, dry;
};
struct metering_state metering_look(struct scheduler *scheduler, const struct meter *meter);

#endif
