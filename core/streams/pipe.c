#include "pipe.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "panic.h"
#include "pipe_internal.h"

enum { SMALLEST_CHUNK = 224, LARGEST_CHUNK = 64 * 1024 };

/* --- beginning and end ------------------------------------------------------------------------------------------------ */

struct pipe *pipe_create(uint64_t capacity)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe)
        return NULL;
    atomic_init(&pipe->references, 1);
    pthread_mutex_init(&pipe->lock, NULL);
    pipe->capacity = capacity > PIPE_ATOMIC ? capacity : PIPE_ATOMIC;
    return pipe;
}

void pipe_retain(struct pipe *pipe)
{
    atomic_fetch_add(&pipe->references, 1);
}

static void drop_content(struct pipe *pipe)
{
    while (pipe->first) {
        struct pipe_chunk *chunk = pipe->first;
        pipe->first = chunk->next;
        free(chunk);
    }
    pipe->last = NULL;
    pipe->held = 0;
}

void pipe_release(struct pipe *pipe)
{
    if (atomic_fetch_sub(&pipe->references, 1) != 1)
        return;
    require(!pipe->lines[PIPE_READS] && !pipe->lines[PIPE_WRITES], "somebody waits for a pipe that nobody has");
    drop_content(pipe);
    pthread_mutex_destroy(&pipe->lock);
    free(pipe);
}

void pipe_attach(struct pipe *pipe, enum pipe_side side)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->ends[side]++;
    pipe->begun[side] = true;
    pthread_mutex_unlock(&pipe->lock);
}

void pipe_detach(struct pipe *pipe, enum pipe_side side, bool under_lock)
{
    pthread_mutex_lock(&pipe->lock);
    require(pipe->ends[side], "an end of a pipe is closed twice");
    if (--pipe->ends[side]) {
        pthread_mutex_unlock(&pipe->lock);
        return;
    }
    if (side == PIPE_READS)
        drop_content(pipe);
    pipe_tell_and_unlock(pipe, side == PIPE_READS ? PIPE_WRITES : PIPE_READS, under_lock);
}

void pipe_finish(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->finished = true;
    pipe_tell_and_unlock(pipe, PIPE_READS, false);
    pthread_mutex_lock(&pipe->lock);
    pipe_tell_and_unlock(pipe, PIPE_WRITES, false);
}

/* --- under the lock --------------------------------------------------------------------------------------------------- */

static bool is_over(const struct pipe *pipe, enum pipe_side side)
{
    return pipe->finished || (pipe->begun[side] && !pipe->ends[side]);
}

static uint64_t room_of(const struct pipe *pipe)
{
    return pipe->capacity > pipe->held ? pipe->capacity - pipe->held : 0;
}

bool pipe_side_is_ready(const struct pipe *pipe, enum pipe_side side)
{
    if (side == PIPE_READS)
        return pipe->held || is_over(pipe, PIPE_WRITES);
    return room_of(pipe) >= PIPE_ATOMIC || is_over(pipe, PIPE_READS);
}

/* A chunk for what the last one has no room for. */
static struct pipe_chunk *add_chunk(struct pipe *pipe, size_t wanted)
{
    uint64_t room = wanted > pipe->held ? wanted : pipe->held;
    room = room < SMALLEST_CHUNK ? SMALLEST_CHUNK : room > LARGEST_CHUNK ? LARGEST_CHUNK : room;
    struct pipe_chunk *chunk = malloc(sizeof *chunk + room);
    if (!chunk)
        return NULL;
    *chunk = (struct pipe_chunk){.room = (uint32_t)room};
    *(pipe->last ? &pipe->last->next : &pipe->first) = chunk;
    pipe->last = chunk;
    return chunk;
}

static size_t append(struct pipe *pipe, const unsigned char *from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct pipe_chunk *chunk = pipe->last;
        if (!chunk || chunk->end == chunk->room)
            chunk = add_chunk(pipe, size - done);
        if (!chunk)
            break;
        uint32_t room = chunk->room - chunk->end;
        uint32_t part = size - done < room ? (uint32_t)(size - done) : room;
        memcpy(chunk->bytes + chunk->end, from + done, part);
        chunk->end += part;
        pipe->held += part;
        done += part;
    }
    return done;
}

static size_t take(struct pipe *pipe, unsigned char *to, size_t size)
{
    size_t done = 0;
    while (done < size && pipe->first) {
        struct pipe_chunk *chunk = pipe->first;
        uint32_t there = chunk->end - chunk->start;
        uint32_t part = size - done < there ? (uint32_t)(size - done) : there;
        memcpy(to + done, chunk->bytes + chunk->start, part);
        chunk->start += part;
        pipe->held -= part;
        done += part;
        if (chunk->start < chunk->end)
            continue;
        pipe->first = chunk->next;
        if (!pipe->first)
            pipe->last = NULL;
        free(chunk);
    }
    return done;
}

/* --- reading and writing ---------------------------------------------------------------------------------------------- */

/* Writers are woken when half of the capacity is free: each time that they run, they do much. */
int64_t pipe_read(struct pipe *pipe, void *to, size_t size)
{
    pthread_mutex_lock(&pipe->lock);
    size_t taken = take(pipe, to, size);
    int64_t result = taken || !size || is_over(pipe, PIPE_WRITES) ? (int64_t)taken : -EAGAIN;
    if (taken && pipe->held <= pipe->capacity / 2)
        pipe_tell_and_unlock(pipe, PIPE_WRITES, false);
    else
        pthread_mutex_unlock(&pipe->lock);
    return result;
}

int64_t pipe_write(struct pipe *pipe, const void *from, size_t size)
{
    int64_t result = 0;
    pthread_mutex_lock(&pipe->lock);
    uint64_t room = room_of(pipe);
    if (is_over(pipe, PIPE_READS))
        result = -EPIPE;
    else if (size && (room == 0 || (size <= PIPE_ATOMIC && room < size)))
        result = -EAGAIN;
    else if (size)
        result = (int64_t)append(pipe, from, size < room ? size : room);
    if (size && result == 0)
        result = -ENOMEM;
    if (result > 0)
        pipe_tell_and_unlock(pipe, PIPE_READS, false);
    else
        pthread_mutex_unlock(&pipe->lock);
    return result;
}

uint64_t pipe_held(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    uint64_t held = pipe->held;
    pthread_mutex_unlock(&pipe->lock);
    return held;
}

bool pipe_is_ready(struct pipe *pipe, enum pipe_side side)
{
    pthread_mutex_lock(&pipe->lock);
    bool ready = pipe_side_is_ready(pipe, side);
    pthread_mutex_unlock(&pipe->lock);
    return ready;
}

bool pipe_is_deserted(struct pipe *pipe, enum pipe_side side)
{
    pthread_mutex_lock(&pipe->lock);
    bool deserted = is_over(pipe, side == PIPE_READS ? PIPE_WRITES : PIPE_READS);
    pthread_mutex_unlock(&pipe->lock);
    return deserted;
}
