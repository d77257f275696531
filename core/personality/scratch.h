/* Buffers of the call that is being made, one set for each host thread that makes calls.
 *
 * A call keeps its thread from beginning to end, waits included, so the buffers follow the thread and a process has
 * none of its own: 10,000 idle processes share those of a few workers, and nobody is charged for them.
 *
 * What an earlier call left here may belong to another process.  A handler gives a guest only bytes that it has put
 * here itself during the same call.
 */
#ifndef MOTTE_PERSONALITY_SCRATCH_H
#define MOTTE_PERSONALITY_SCRATCH_H

#include <stdbool.h>

#include "state.h"

struct guest_span {
    uint64_t base;
    uint64_t size;
};

enum { BOUNCE_SPARE = 8 }; /* poll adds an entry to a list that may fill the buffer */

enum { ABSOLUTE_CAPACITY = 2 * PATH_CAPACITY }; /* working directory, slash, path, NUL */

/* A path while it is resolved; rename needs two. */
struct path_text {
    char guest[PATH_CAPACITY];
    char absolute[ABSOLUTE_CAPACITY];
};

struct personality_scratch {
    struct path_text path_texts[2];
    struct guest_span spans[VECTOR_CAPACITY];
    unsigned char bounce[BOUNCE_CAPACITY + BOUNCE_SPARE];
};

/* Makes this thread's buffers unless it has them; false if the host has no memory. They go when the thread ends. */
bool personality_scratch_prepare(void);

/* This thread's buffers, which exist: motte_personality_call prepared them. */
struct personality_scratch *personality_scratch(void);

#endif
