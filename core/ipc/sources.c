#include "sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"

static const char *const names[SOURCE_COUNT] = {[SOURCE_CLOCK] = "clock", [SOURCE_RANDOM] = "random"};

int source_named(const char *name)
{
    int source = 0;
    while (source < SOURCE_COUNT && strcmp(name, names[source]) != 0)
        source++;
    return source;
}

/* --- the objects ------------------------------------------------------------------------------------------------------------ */

/* The reference that each begins with is the scheduler's, so none is ever freed. */
void sources_begin(struct sources *sources, struct scheduler *scheduler)
{
    struct object *const all[] = {&sources->clock, &sources->random, &sources->seeds};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        object_begin(all[i], OBJECT_SOURCE, scheduler);
}

enum motte_capability source_kind(const struct object *object)
{
    return object == &object->scheduler->sources.clock ? MOTTE_CAPABILITY_CLOCK : MOTTE_CAPABILITY_RANDOM;
}

static struct object *object_for(struct scheduler *scheduler, enum source source, const struct source_terms *terms)
{
    struct sources *sources = &scheduler->sources;
    if (source == SOURCE_CLOCK)
        return &sources->clock;
    return terms->is_seeded ? &sources->seeds : &sources->random;
}

/* One that nobody holds. */
static struct capability described(struct scheduler *scheduler, enum source source, const struct source_terms *terms)
{
    struct object *object = object_for(scheduler, source, terms);
    bool is_seed = object == &scheduler->sources.seeds;
    return (struct capability){
        .object = object,
        .stamp = is_seed ? terms->seed : 0,
        .rights = terms->rights[source] | MOTTE_RIGHT_COPY | (is_seed ? MOTTE_RIGHT_BADGE : 0),
    };
}

struct capability source_capability(struct scheduler *scheduler, enum source source, const struct source_terms *terms)
{
    struct capability capability = described(scheduler, source, terms);
    object_retain(capability.object);
    return capability;
}

/* --- what the C library uses --------------------------------------------------------------------------------------------------- */

/* Where the process's own capability leads: no object if it has none.  What is directly in its table is nobody else's to change;
 * what is behind a forwarder may be cut at any moment. */
static struct capability look(const struct process *process, enum source source)
{
    struct scheduler *scheduler = process->scheduler;
    int32_t handle = process->ipc ? process->ipc->source_handles[source] : 0;
    if (!handle)
        return process->sources.rights[source] ? described(scheduler, source, &process->sources)
                                               : (struct capability){.object = NULL};
    const struct capability *entry = table_find(process, (uint32_t)handle);
    if (!entry || entry->object->type == OBJECT_SOURCE)
        return entry ? *entry : (struct capability){.object = NULL};
    struct capability found = {.object = NULL};
    struct route route;
    pthread_mutex_lock(&scheduler->lock);
    if (capability_is_valid(entry)) {
        route_find(entry, &route);
        found = *route.end;
        found.rights = route.rights;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return found;
}

uint32_t source_clock_rights(const struct process *process)
{
    const struct capability clock = look(process, SOURCE_CLOCK);
    if (clock.object != &process->scheduler->sources.clock || !(clock.rights & MOTTE_CLOCK_READ))
        return 0;
    return clock.rights & (MOTTE_CLOCK_READ | MOTTE_CLOCK_EXACT);
}

enum random_kind source_random(const struct process *process, struct random_stream *stream)
{
    const struct capability random = look(process, SOURCE_RANDOM);
    const struct sources *sources = &process->scheduler->sources;
    if (!random.object || !(random.rights & MOTTE_RANDOM_DRAW))
        return RANDOM_NONE;
    *stream = (struct random_stream){.seed = random.stamp, .number = random.badge};
    if (random.object == &sources->random)
        return RANDOM_OF_HOST;
    return random.object == &sources->seeds ? RANDOM_OF_SEED : RANDOM_NONE;
}

enum random_kind source_initial(const struct source_terms *terms)
{
    if (!(terms->rights[SOURCE_RANDOM] & MOTTE_RANDOM_DRAW))
        return RANDOM_NONE;
    return terms->is_seeded ? RANDOM_OF_SEED : RANDOM_OF_HOST;
}

/* --- by name ------------------------------------------------------------------------------------------------------------------- */

int64_t source_grant(struct process *process, const char *name)
{
    int source = source_named(name);
    if (source == SOURCE_COUNT || process->ipc->source_handles[source] || !process->sources.rights[source])
        return -ENOENT;
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    struct capability capability = source_capability(scheduler, (enum source)source, &process->sources);
    pthread_mutex_unlock(&scheduler->lock);
    int64_t result = ipc_grant(process, name, capability);
    if (result == 0)
        return process->ipc->source_handles[source];
    pthread_mutex_lock(&scheduler->lock);
    capability_drop(&capability);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}
