/* A scheduler: so many workers, any number of processes on them, and a tree of meters that says whose turn it is.
 *
 * A *turn* is the right to run guests; there are as many as the scheduler was made for.  A thread that holds one is a
 * running worker.  Threads that hold none are idle, or wait in a system call of the host's on behalf of a process
 * (CALLING): there may be more threads than turns.
 *
 * Whoever makes a process ready, or gives up a turn, calls schedule(): it hands free turns to those processes that the
 * meters choose.  A process that is CALLING is bound to its thread, where the rest of its gate waits on the stack; others
 * run on any.
 *
 * While nobody waits, workers are not interrupted.  When somebody begins to wait, each running worker's timer is set
 * to the end of its slice (timers.h); from then on a thread that serves all workers ends their slices (slices.h).
 * Moments (sleepers, wall limits, replenishments) are kept by a clock thread, which exists once somebody needs it
 * (moments.c).
 */
#ifndef MOTTE_SCHEDULER_H
#define MOTTE_SCHEDULER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "deep_sleep.h"
#include "ipc/sources.h"
#include "offers.h"
#include "slices.h"
#include "timeouts.h"

struct block;
struct capability_table;
struct endpoint;
struct message;
struct meter;
struct parking;
struct process;
struct trace;
struct worker;

enum {
    WORKERS_LIMIT = 1024,
    THREADS_LIMIT = 8192,
    SPARE_THREADS = 8, /* idle ones that are kept beyond the number of turns */
    CALLER_PAGES = 8,  /* what the thread of a process that is CALLING takes: half of its stacks, half of the kernel's */
};

struct scheduler {
    _Atomic uint32_t references;
    uint32_t fork_generation;

    pthread_mutex_t lock; /* guards everything below */
    struct meter *root;
    uint32_t turns, free_turns;
    _Atomic uint32_t starts_on; /* 1 + the CPU where a process was started last */
    _Atomic uint32_t host_on;   /* the same, where a thread of the host waited last for messages; 0: none did */
    _Atomic uint32_t guests_on; /* the same, where a guest turned last to a thread of the host */
    const struct parking **wake_later; /* where to put one who is to be woken without the lock; NULL: nowhere */
    uint64_t checked_turn; /* ticks: shorter turns are believed to the ticks, for asking the kernel costs as much */
    struct worker *workers; /* all threads */
    struct worker *idle;
    struct worker *candidates; /* that may have turns: not many more than turns */
    struct worker *long_turns; /* that may outlast their slices, while nobody waits */
    uint32_t idle_count, thread_count, thread_limit;
    uint32_t process_count; /* not yet closed */
    bool closing;
    struct trace *traces; /* NULL: nobody wants to know */
    uint64_t traced_messages;

    struct timeouts timeouts;
    pthread_t clock_thread;
    bool clock_exists;
    int clock_timer;             /* a descriptor, if the clock thread exists */
    uint64_t clock_sleeps_until; /* ticks: what the timer is set for; 0: the clock thread is awake */
    uint64_t retry_at; /* ticks; to look for threads that the host has refused, or UINT64_MAX */
    uint32_t retries;  /* in a row */

    struct endpoint *endpoints;       /* all of them */
    struct block *blocks;             /* that a bank pays for, and no process */
    struct message *dropped_messages; /* to be taken apart: ipc_settle */
    struct capability_table *dropped_tables; /* likewise, of processes that have ended */
    bool ipc_made_ready;              /* processes that nobody has looked for a worker for yet */

    struct sources sources; /* constant */

    struct slices slices;
    struct offer offer;
    struct deep_sleep deep_sleep;

    struct process *first_event, **last_event;
    pthread_cond_t event_posted;
    pthread_cond_t released; /* a process has no holders any more */
    bool events_closed;
    bool meter_is_next; /* to be told of */
};

/* NULL if the host has no memory. No thread is made before it is needed, and no more than `threads`.  Processes that have
 * waited for `deep_sleep_ns` (at least 50 µs) sleep deeply; UINT64_MAX: none does. */
struct scheduler *scheduler_create(uint32_t workers, uint32_t threads, uint64_t deep_sleep_ns);

/* Ends the threads; false, and nothing done, while processes are not closed. Idempotent. */
bool scheduler_close(struct scheduler *scheduler);

/* False in a child of fork: its threads do not exist there, and its lock may be held for ever. */
bool scheduler_is_here(const struct scheduler *scheduler);

void scheduler_retain(struct scheduler *scheduler);
void scheduler_release(struct scheduler *scheduler);

/* A CREATED process joins, below this meter, with so much CPU time of its own; false without memory.  It leaves when it
 * has EXITED and is closed: when this returns, no worker touches it any more. */
bool scheduler_admit(struct scheduler *scheduler, struct process *process, struct meter *meter, uint64_t cpu_limit_ns);
void scheduler_dismiss(struct process *process);

/* --- under the lock ------------------------------------------------------------------------------------------------ */

/* A process that is in nobody's hands wants to run: READY, or SUSPENDED if that was asked for. */
void scheduler_ready(struct process *process);

/* Gives free turns to whom they are due. `self` is the calling thread if it is a worker that could take one. */
void schedule(struct scheduler *scheduler, struct worker *self);

/* The same at a moment that is known: reading the clock is a good part of a switch. */
void schedule_at(struct scheduler *scheduler, struct worker *self, uint64_t now);

/* The host has refused a thread after all: the next one is asked for a little later. */
void scheduler_thread_refused(struct scheduler *scheduler);

/* Nobody waits as the turn of `worker` begins: its slice counts from when somebody does. There may be thousands of threads
 * that wait in calls; so these few are kept apart. */
void scheduler_turn_is_long(struct worker *worker);

/* The turn of `worker` ends; `ready`: the process wants another one.  Its time is counted.  False if its budget is
 * used up: it is not in line then. */
bool scheduler_end_turn(struct worker *worker, bool ready);

/* It has ended: for those who wait, and for those who want to be told.  The caller does not touch it afterwards. */
void scheduler_announce_exit(struct process *process);

/* It is EXITED, or IDLE, after the state says so: for those who wait. */
void scheduler_tell_waiters(struct process *process);

/* Calls a worker that waits for something to do, or for its turn. */
void scheduler_call(struct worker *worker);

/* Makes the worker leave its guest soon, wherever it is. */
void scheduler_interrupt(struct worker *worker);

#endif
