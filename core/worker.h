/* A worker: a host thread of one scheduler, which runs guests when it has a turn.
 *
 * A worker blocks every signal but ours and the synchronous ones: the handlers of others may write their frames on
 * whatever stack is current, and that may be a guest's.  Ours run on the worker's alternate stack.  The C library's
 * signal for changing user ids in all threads at once is let in if it does so too; blocked, it would make the host's
 * setuid() wait for every guest.
 */
#ifndef MOTTE_WORKER_H
#define MOTTE_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "parking.h"
#include "timers.h"

struct message;
struct process;
struct scheduler;

struct worker {
    struct scheduler *scheduler;
    pthread_t thread;
    _Atomic pid_t thread_id;

    /* Its own thread, signal handlers included.  The running process: NULL while a signal means nothing. */
    struct process *_Atomic process;
    struct process *_Atomic calling; /* the process whose call of the host's it waits in, without a turn */
    struct timer timer;
    struct message *spare_message;   /* for the next one that a guest sends */
    struct parcel *spare_parcel;     /* the same for its blocks */
    void *signal_stack;
    size_t signal_stack_size;
    struct {
        uintptr_t address;
        bool writes;
    } copy_fault; /* why the last copy of guest memory failed */

    /* Under the scheduler's lock. */
    struct process *assigned; /* whom to run next, or whose call goes on; NULL: nothing to do */
    struct process *payer;    /* whose turn it is: that of the running process, or of one that waits for it (ipc) */
    bool bound;               /* in a call: only this call's process can be assigned */
    bool unmetered;           /* the turn is nobody's: its process only has to come to its end */
    bool visits;              /* a thread of the host's own: visit.h. Constant */
    bool has_turn;            /* one of the scheduler's: always, but for visitors */
    _Atomic bool outside;     /* of a visitor: it runs a function of the host's for whom it visits, and is not to be interrupted */
    bool lingers;             /* its process waits for the host in its turn, unless somebody else wants that (awake.h) */
    bool heard_host;          /* its turn began with a message of the host's */
    bool awaits_host;         /* so did its last one, or it was a process's end */
    uint64_t dispatched, turn_ended; /* ticks */
    uint64_t surcharge;       /* ticks: what this turn is charged beyond its length */
    uint64_t credit, slice;   /* of the turn, in ticks; UINT64_MAX is no limit */
    uint32_t mxcsr;           /* the thread's own; constant, for reading it is a good part of an entry */
    struct parking parking;   /* where it waits for something to do, or for its turn */
    struct worker *next_idle, *next;
    struct worker *next_candidate, **candidate_link; /* scheduler->candidates */
    uint64_t slice_thread_at; /* ticks: when the slice thread is to end the turn; UINT64_MAX: never (slices.h) */
    struct worker *next_long, **long_link; /* scheduler->long_turns; NULL: it is not there */

    /* Its own thread: how the clocks stood when CPU time was last compared with ticks; of a visitor, what it was made
     * under, and when the host's handlers were last looked at. */
    uint64_t checked_ticks, checked_cpu_ns;
    uint64_t cells_cpu_ns; /* that cells have used in its turns (cells/cell_turn.h) */
    uint32_t fork_generation;
    uint64_t looked_ticks;
};

/* The calling thread's, or NULL: handlers ask.  A thread of the host has one once it has visited a process. */
struct worker *worker_current(void);
void worker_set_current(struct worker *worker);

/* Of the calling thread: our handlers run on an alternate stack. */
bool worker_create_signal_stack(struct worker *worker);
void worker_destroy_signal_stack(struct worker *worker);
bool worker_have_signal_stack(const struct worker *worker); /* again, if somebody has taken it away */

/* A new thread, idle; under the scheduler's lock. NULL if the host refuses. */
struct worker *worker_create(struct scheduler *scheduler);

/* Its thread has ended, or was never made. */
void worker_free(struct worker *worker);

/* It will not be joined, for it ends by itself: it touches nothing of its scheduler any more. Under the lock. */
void worker_forget(struct worker *worker);

/* Its thread may have a turn, now, or soon; or not, for it waits. Under the lock. */
void worker_joins_turns(struct worker *worker);
void worker_leaves_turns(struct worker *worker);

/* Waits until somebody calls the calling worker. Under the lock, which it gives up meanwhile. */
void worker_wait(struct worker *worker);

/* What the turn under way is charged so far, in ticks. */
static inline uint64_t worker_charged(const struct worker *worker, uint64_t now)
{
    return now - worker->dispatched + worker->surcharge;
}

/* What the turn that ends now is charged: the same, less what the host took away meanwhile.  A visit is charged as long as it
 * lasts, for it may be long only while functions of the host are at work for the guest. */
uint64_t worker_used(struct worker *worker, uint64_t now);

#endif
