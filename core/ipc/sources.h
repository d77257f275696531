/* Time and chance, as capabilities: what a process knows of the world without asking anybody.
 *
 * The problem.  A clock and random numbers are authority like any other: who has a clock can measure what others do, and
 * who has neither computes the same thing each time.  But a C library asks for them without naming a capability, all the
 * time, and an endpoint that answers would cost too much.
 *
 * The answer.  They are objects of the scheduler's own, one each, which nobody sends to.  The C library uses what its process
 * was granted under the names "clock" and "random", and looks into the process's table at each call: what is dropped is
 * gone.  Most processes are granted both and never ask for a handle: so these two begin as terms of the process, and enter
 * its table when somebody asks for them by name.
 *
 * Random numbers come from the host, or from a seed.  A capability to the latter has the seed in the place of its stamp, and
 * its badge says which of the seed's streams it is.  How far it has come is the process's own matter: nobody's numbers
 * depend on what others draw, and nobody learns what others drew.
 */
#ifndef MOTTE_SOURCES_H
#define MOTTE_SOURCES_H

#include "capability.h"

enum source { SOURCE_CLOCK, SOURCE_RANDOM, SOURCE_COUNT };

/* What a process begins with, beside the capabilities that it is granted. */
struct source_terms {
    uint32_t rights[SOURCE_COUNT]; /* enum motte_clock_right, motte_random_right; 0: it has none */
    bool is_seeded;
    uint64_t seed;
};

/* The objects of a scheduler. */
struct sources {
    struct object clock, random, seeds;
};

/* Bytes that follow from a seed. */
struct random_stream {
    uint64_t seed;
    uint32_t number;
};

enum random_kind { RANDOM_NONE, RANDOM_OF_HOST, RANDOM_OF_SEED };

void sources_begin(struct sources *sources, struct scheduler *scheduler);

/* Under the lock: a capability to one of them, with these rights at most. */
struct capability source_capability(struct scheduler *scheduler, enum source source, const struct source_terms *terms);

/* MOTTE_CAPABILITY_CLOCK or _RANDOM. */
enum motte_capability source_kind(const struct object *object);

/* Where the random bytes come from that a process finds at its start. */
enum random_kind source_initial(const struct source_terms *terms);

/* Which of them has this name; SOURCE_COUNT: none. */
int source_named(const char *name);

/* --- on the process's own worker ------------------------------------------------------------------------------------------ */

/* What it may know of the time: enum motte_clock_right; 0: nothing. */
uint32_t source_clock_rights(const struct process *process);

/* Where its random numbers come from. */
enum random_kind source_random(const struct process *process, struct random_stream *stream);

/* A handle for what it was granted by this name without having one yet; -ENOENT if there is no such thing. */
int64_t source_grant(struct process *process, const char *name);

#endif
