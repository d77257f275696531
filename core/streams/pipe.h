/* Pipes: bytes on their way between guests, and between a guest and the host, in the core's own memory.
 *
 * The problem.  A process's standard streams are read and written by the host at its own pace.  With pipes of the host's
 * kernel each stream takes two descriptors, of which there are a few thousand; a guest that waits for one holds a thread;
 * and whoever serves thousands of guests needs a poll over all of them.
 *
 * The answer.  A pipe is a list of chunks with a lock.  Whoever waits leaves a `struct pipe_waiter`: a process leaves its
 * worker meanwhile and does its system call again when it is woken (process_await); an event loop is told through its
 * completions, all its pipes through one descriptor; a thread of the host sleeps.
 *
 * How much a pipe holds is bounded by its capacity, or, where it has none, by the output limits of those who write: it is the
 * host's memory, and no bank pays for it.  A chunk is as large as what is written, or as what is there already: a byte takes
 * no page, and a long stream no long list.
 *
 * An *end* is one process's, or the host's, right to read or to write.  When nobody can write any more, readers find the end
 * after the last byte; when nobody can read any more, what is there is gone, and writers fail.
 *
 * Locks: scheduler->lock comes before the pipe's.  All processes at a pipe are of one scheduler.
 */
#ifndef MOTTE_PIPE_H
#define MOTTE_PIPE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle.h"

struct completion;
struct process;

enum pipe_side { PIPE_READS, PIPE_WRITES };

enum {
    PIPE_ATOMIC = 4096,        /* so many bytes are written in one piece, if at all: PIPE_BUF */
    PIPE_CAPACITY = 64 * 1024, /* ordinarily */
};

/* Waits until its side of a pipe may have become ready; told once, and out of the line then.  Exactly one of the next three. */
struct pipe_waiter {
    struct pipe_waiter *next, **link; /* link is NULL: it is in no line */
    struct process *process;
    struct completion *completion;
    int event; /* an eventfd; -1 */
};

struct pipe_chunk {
    struct pipe_chunk *next;
    uint32_t start, end, room;
    unsigned char bytes[];
};

struct pipe {
    _Atomic uint32_t references;
    pthread_mutex_t lock; /* guards everything below */
    uint64_t capacity;    /* UINT64_MAX is none */
    uint64_t held;        /* bytes */
    struct pipe_chunk *first, *last;
    uint32_t ends[2];     /* by side: how many there are */
    bool begun[2];        /* by side: whether there ever was one */
    bool finished;
    struct pipe_waiter *lines[2];
    uint32_t sleepers;    /* threads of the host, on both sides */
    _Atomic uint32_t changes; /* a futex, for them */
};

/* With one reference and without ends; NULL if the host has no memory.  At least PIPE_ATOMIC bytes. */
struct pipe *pipe_create(uint64_t capacity);
void pipe_retain(struct pipe *pipe);
void pipe_release(struct pipe *pipe);

/* One end more, or less.  A side of which no end was ever made is not missed: who reads waits for it.  `under_lock`: the
 * caller holds the lock of the scheduler whose processes use the pipe, and looks after those who get ready (ipc_settle). */
void pipe_attach(struct pipe *pipe, enum pipe_side side);
void pipe_detach(struct pipe *pipe, enum pipe_side side, bool under_lock);

/* Nobody writes any more, whoever has an end for it. */
void pipe_finish(struct pipe *pipe);

/* How many bytes were moved; 0: the end; -EAGAIN: there are none. */
int64_t pipe_read(struct pipe *pipe, void *to, size_t size);

/* How many bytes were moved; -EAGAIN: there is no room, for the whole of it if it is to be atomic; -EPIPE; -ENOMEM: the host
 * has no memory. */
int64_t pipe_write(struct pipe *pipe, const void *from, size_t size);

/* Bytes that could be read now. */
uint64_t pipe_held(struct pipe *pipe);

/* Whether pipe_read, or pipe_write of PIPE_ATOMIC bytes, would not say -EAGAIN; and whether the other side is gone. */
bool pipe_is_ready(struct pipe *pipe, enum pipe_side side);
bool pipe_is_deserted(struct pipe *pipe, enum pipe_side side);

/* False if it is ready: then the waiter is in no line.  A waiter that is in one already stays there. */
bool pipe_await(struct pipe *pipe, enum pipe_side side, struct pipe_waiter *waiter);

/* It is in no line afterwards, and nobody tells it of anything any more. */
void pipe_forget(struct pipe *pipe, struct pipe_waiter *waiter);

/* A thread of the host waits: 1 when the side is ready; 0 after the deadline; -EINTR. */
int pipe_sleep(struct pipe *pipe, enum pipe_side side, struct deadline deadline);

#endif
