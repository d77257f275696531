/* Meters: who may use the processor, how much of it, and who runs next.
 *
 * A tree of accounts of processor time.  Its root is the whole time of one scheduler, an inner node is a group
 * (`struct meter`), a leaf is somebody who runs (`struct runnable`, embedded in a process).  One tree answers both
 * questions, because they are asked of the same things:
 *
 *   how much   Each tick that a leaf uses is charged to it and to every meter above it, exactly.  A meter may have a
 *              budget (a total that counts down) and a rate (so much in any window of one period).  The most
 *              constraining ancestor decides.
 *   who next   Among those that may run, hierarchical EEVDF: see fair.h.
 *
 * What this library does not know: threads, locks, clocks, processes.  Time is a count of ticks that the caller passes
 * in and that never goes back; all functions run under one lock, the caller's.  Only meter_create and runnable_attach
 * can fail or allocate: they reserve what all later calls need.
 *
 * Credit.  Who runs was lent ticks before: they are reserved from its own budget and from each budget and rate above
 * it, so that no counter goes below zero while it runs, whatever runs beside it on other workers.  What it did not use
 * returns at its stop; what it used beyond its credit (the latency of a preemption) is a debt, which the next ticks
 * that come in pay first.
 *
 * Dry.  A meter that has nothing left (or is off, or waits for its rate) is out of its parent's queue, and with it all
 * that is below: one removal, O(log n) in its siblings, whatever the number of processes below, and nothing while it
 * lasts.  They stay queued inside and go on where they were.
 *
 * Bounds: 64 bits of ticks last 116 years at 5 GHz.  Virtual time has 128 bits, 48 of them fraction, and starts at
 * 2^120: at weight 1 it cannot overflow before 2^79 ticks of work (10 years at 5 GHz on 256 workers are under 2^69).
 */
#ifndef MOTTE_METERS_H
#define MOTTE_METERS_H

#include <stdbool.h>
#include <stdint.h>

#define METER_UNLIMITED INT64_MAX
#define METER_DEPTH_LIMIT 20
#define METER_WEIGHT 100 /* of a new meter, and of every runnable */
#define METER_WEIGHT_LIMIT 10000
#define METER_EVENT_NEVER UINT64_MAX
#define METER_CREDIT_UNLIMITED UINT64_MAX

__extension__ typedef unsigned __int128 virtual_time;

struct meter;

enum contender_queue { CONTENDER_NOT_QUEUED, CONTENDER_WAITING, CONTENDER_ELIGIBLE };

/* One who competes with its siblings for their parent's time: a leaf, or a meter for all that is below it. */
struct contender {
    virtual_time eligible, deadline;
    struct meter *parent;    /* NULL: a root */
    uint64_t ticks_to_virtual; /* the virtual time of a tick: 2^48 / weight */
    uint64_t lag;     /* ticks that it had still to get when it left; 0 of a member */
    uint32_t weight;
    uint32_t place;   /* in the heap named by `queue` */
    uint32_t running; /* stretches under way at or below it */
    uint8_t queue;    /* enum contender_queue */
    bool is_meter;
};

/* A leaf. Embed it, zeroed; its fields belong to this library, and may be read. */
struct runnable {
    struct contender contender;
    int64_t left;     /* of its own budget, what is lent to it not deducted; METER_UNLIMITED */
    uint64_t used;    /* in all */
    uint64_t credit;  /* lent for the stretch under way; METER_CREDIT_UNLIMITED */
    uint64_t started; /* of the stretch under way */
};

enum runnable_state {
    RUNNABLE_MAY_RUN,
    RUNNABLE_EXHAUSTED, /* its own budget is used up: it is not queued until it has been refilled and woken */
};

/* --- The tree --- */

/* A meter below `parent` (NULL: the root of a tree), with one reference, the caller's; it holds one of its parent.  It
 * is on and unlimited, of weight METER_WEIGHT, with its parent's slice of now (a root: 1,000,000 ticks) and, for a
 * root, one worker.  NULL without memory, or deeper than METER_DEPTH_LIMIT below the root. */
struct meter *meter_create(struct meter *parent);
void meter_retain(struct meter *meter);
void meter_release(struct meter *meter);

/* How many may run at once under this root, at least 1; to be set while nobody runs. Credit is shared among so many. */
void meters_set_workers(struct meter *root, uint32_t workers);

/* A leaf below `meter`, which it holds. Not queued. False, and nothing changed, without memory. */
bool runnable_attach(struct runnable *runnable, struct meter *meter, int64_t budget_ticks);
/* Dequeues it if need be. It must not be running. */
void runnable_detach(struct runnable *runnable, uint64_t now);

/* --- Wanting to run --- */

/* It wants to run: queued, unless it is queued or running already, or its own budget is used up. */
enum runnable_state runnable_wake(struct runnable *runnable, uint64_t now);
/* It no longer wants to: nothing happens if it is not queued. */
void runnable_cancel(struct runnable *runnable, uint64_t now);
/* It wants to run; whether it may is a question of the meters above it. */
bool runnable_queued(const struct runnable *runnable);
/* A meter above it is off. */
bool runnable_is_off(const struct runnable *runnable);
/* More of its own budget. It is not queued by this. */
void runnable_refill(struct runnable *runnable, int64_t ticks);
/* What is left of its own budget, never below zero; METER_UNLIMITED. */
int64_t runnable_left(const struct runnable *runnable);

/* --- Running --- */

/* The next to run, taken out of its queue; NULL if nobody may.
 * `credit`: ticks that it may use, METER_CREDIT_UNLIMITED if nothing limits it.  Each finite counter lends
 * max(left / workers, min(left, slice)), so that the first worker does not take what others could use.
 * `slice`: ticks after which it should be stopped if anybody else waits: the shortest slice on its path. */
struct runnable *meters_pick(struct meter *root, uint64_t now, uint64_t *credit, uint64_t *slice);

/* Ends its stretch, in which it used `used` ticks. `ready`: it still wants to run; then it is queued again unless its
 * own budget is used up, which the answer tells (also if it is not ready). */
enum runnable_state meters_stop(struct runnable *runnable, uint64_t now, uint64_t used, bool ready);

/* Charges what the running one has used up to now and begins a new stretch of it, with new credit and slice, whoever
 * else waits.  False if a counter on its path has nothing left or a meter is off: then it is stopped, as by meters_stop
 * with ready = true. */
bool meters_extend(struct runnable *runnable, uint64_t now, uint64_t used, uint64_t *credit, uint64_t *slice);

/* The same for one that is queued, whoever else waits: it runs now, beside the workers.  False if a counter on its path has
 * nothing left or a meter is off; then it stays queued. */
bool meters_begin(struct runnable *runnable, uint64_t now, uint64_t *credit, uint64_t *slice);

/* Charges one that neither runs nor is queued with what was done for it elsewhere, like a stretch that has just ended. */
enum runnable_state runnable_charge(struct runnable *runnable, uint64_t now, uint64_t used);

/* Somebody is queued who may run now. */
bool meters_anyone_waits(const struct meter *root);

/* When a meter that waits for its rate gets something back: the time to call meters_advance; or METER_EVENT_NEVER. */
uint64_t meters_next_event(const struct meter *root);
/* Gives back what is due. meters_pick does it too. */
void meters_advance(struct meter *root, uint64_t now);

/* --- Settings --- */

/* A total of so many ticks from now on, or METER_UNLIMITED; debts and loans of the past are forgotten, except that what
 * is lent now stays reserved.  Who runs below a meter that had no limit has unlimited credit until its stop or
 * extension: it is for the caller to interrupt it. */
void meter_set_budget(struct meter *meter, int64_t ticks, uint64_t now);
/* Adds to the total; debts are paid first. Nothing if the total is unlimited. */
void meter_refill(struct meter *meter, int64_t ticks, uint64_t now);
/* At most `budget_ticks` in any window of `period_ticks`; a period of 0 removes the rate.  A new rate starts full.
 * The same caution about who runs now as for meter_set_budget. */
void meter_set_rate(struct meter *meter, int64_t budget_ticks, uint64_t period_ticks, uint64_t now);
/* 1 to METER_WEIGHT_LIMIT. */
void meter_set_weight(struct meter *meter, uint32_t weight, uint64_t now);
/* At least 1 tick. For the leaves below it, from their next stretch on. Meters below it keep theirs. */
void meter_set_slice(struct meter *meter, uint64_t ticks);
/* Off: nobody below is picked. Who runs goes on until the caller stops it. */
void meter_set_on(struct meter *meter, bool on, uint64_t now);

/* --- Looking --- */

uint64_t meter_used(const struct meter *meter);
/* Of the total, less what is lent; never below zero; METER_UNLIMITED. */
int64_t meter_left(const struct meter *meter);
/* The same of the rate at this moment. */
int64_t meter_rate_left(const struct meter *meter);
/* The total is used up, and nothing of it is lent out. */
bool meter_is_dry(const struct meter *meter);
bool meter_is_on(const struct meter *meter);
uint32_t meter_weight(const struct meter *meter);
uint64_t meter_slice(const struct meter *meter);
struct meter *meter_parent(const struct meter *meter);

/* Takes a meter off the list of those that have become dry, with a reference for the caller; NULL if there is none. A
 * meter gets onto the list when it is dry and somebody below it wants to run, once until it has been refilled. */
struct meter *meters_next_dry(struct meter *root);
/* Whether there is one on the list. */
bool meters_any_dry(const struct meter *root);

/* Two words that the library only keeps. */
void meter_set_identity(struct meter *meter, uint64_t identity);
uint64_t meter_identity(const struct meter *meter);
void meter_set_has_keeper(struct meter *meter, bool has_keeper);
bool meter_has_keeper(const struct meter *meter);

#endif
