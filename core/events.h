/* What the core tells to whoever listens (Python): processes that ended, faults for keepers, meters that have become dry.
 *
 * Posting allocates nothing and never waits: a process is in the queue at most once, with a bit for each kind of event,
 * and meters keep their own list.  A process in the queue is retained.
 */
#ifndef MOTTE_EVENTS_H
#define MOTTE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle.h"

struct meter;
struct process;
struct scheduler;

/* The second and the third are questions (keeping.h); the last is a call of a function of the host's (host_functions.h). */
enum event_kind { EVENT_EXIT = 1, EVENT_FAULT = 2, EVENT_BANK = 4, EVENT_OUTSIDE = 8 };

/* --- under the scheduler's lock ------------------------------------------------------------------------------------ */

/* Nothing happens if the process's wanted_events do not include this kind. */
void event_post(struct process *process, enum event_kind kind);

/* Meters may have become dry. */
void events_of_meters(struct scheduler *scheduler);

/* Nothing more will come: those who wait for events are told so, once they have taken what is there. */
void events_close(struct scheduler *scheduler);

/* --- without it ------------------------------------------------------------------------------------------------------ */

/* One of the two: a process with its kinds, or a dry meter; each with a reference for the caller. */
struct event {
    struct process *process;
    uint32_t kinds;
    struct meter *meter;
};

/* Nobody will take events any more: those that wait are forgotten. The caller holds a reference of the scheduler. */
void events_forget(struct scheduler *scheduler);

enum event_result { EVENT_TAKEN, EVENT_TIMEOUT, EVENTS_CLOSED };

/* Waits for the next event. */
enum event_result event_take(struct scheduler *scheduler, struct event *event, struct deadline deadline);

#endif
