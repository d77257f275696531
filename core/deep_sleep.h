/* Deep sleep: a process that has waited for long keeps nothing of its native stack but what it will come back to.
 *
 * The problem.  A process that waits takes four pages of the host's, and one of them, which holds its context and the
 * beginning of its native stack, is all but empty then: in a gate only the callee-saved registers count and a few frames,
 * some hundred bytes.  Of a hundred thousand processes nearly all wait, most of them for minutes.
 *
 * What fails.  To save these bytes whenever a process begins to wait would cost each message more than all the rest of it.
 *
 * The answer.  The clock thread looks round, every `after`, among those that have begun to wait since it did so before.
 * Whom it finds where it was the last time has waited for so long (and for twice as long at most): its bytes are copied
 * into the heap, and the kernel gets the page back.  The worker that runs it next restores them: in the beginning of the
 * turn, with what is due before a process's very first one (process->begun_on is 0 in both cases), so that the turns of those
 * that are awake have nothing to do with all this; or in the turn of somebody who calls it (process_ipc.c).
 *
 * Once all that wait sleep deeply, nobody looks round, and no timer is set, until the next one begins to wait.
 *
 * Who pays.  The charge stays: what is restored has been paid for, so that no bank and no limit can keep a process from
 * waking.  The bytes in the heap are fewer than those that they stand for.  The time it takes is owed by the process.
 *
 * Locks.  `moving` is held while the page goes, and while the bytes come back: who wakes too early waits for so long.  It is
 * taken before the scheduler's lock or without it; with it, only where that needs no waiting.  A process is one that sleeps
 * deeply (process->saved) from a moment under both locks on, to one under `moving` alone, when it is its worker's or has
 * ended.  From the first of these on nobody reads or writes its page.
 */
#ifndef MOTTE_DEEP_SLEEP_H
#define MOTTE_DEEP_SLEEP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct process;
struct scheduler;

enum { DEEP_SLEEP_STACK = 2048 }; /* bytes: one that uses more of its native stack stays as it is */

/* Of a scheduler. */
struct deep_sleep {
    pthread_mutex_t moving;
    _Atomic uint64_t sleepers;

    /* Under the scheduler's lock. */
    uint64_t after;       /* ticks; UINT64_MAX: never; constant */
    uint64_t look_at;     /* ticks: when to look on; UINT64_MAX: not before somebody begins to wait */
    bool watches;         /* somebody will look, or never does: there is nothing to be done about it */
    bool begun;           /* somebody has begun to wait since the pass began, or will have waited for long by the next one */
    struct process *next; /* of the pass under way; NULL: none is */
    uint64_t price;       /* ticks: what it took the last time */
    struct process *members; /* all processes that are not closed */
};

/* Of a process, under the scheduler's lock: how the clock thread found it. */
struct rest {
    uint64_t calls;  /* how many kernel calls it had made */
    bool stays;      /* and that it cannot sleep deeply here */
    struct process *next, **link; /* deep_sleep.members */
};

/* Of a process that sleeps deeply: enough to go on in its gate. */
struct saved_state;

void deep_sleep_prepare(struct deep_sleep *deep_sleep, uint64_t after_ns);
void deep_sleep_destroy(struct deep_sleep *deep_sleep);

/* --- under the scheduler's lock ------------------------------------------------------------------------------------- */

void deep_sleep_join(struct process *process);
void deep_sleep_leave(struct process *process);

/* A process begins to wait, or is suspended. */
void deep_sleep_begin_rest(struct scheduler *scheduler);

/* On the clock thread, when it is time: looks at some processes.  Gives the lock up meanwhile. */
void deep_sleep_look(struct scheduler *scheduler, uint64_t now);

/* --- without it ------------------------------------------------------------------------------------------------------ */

/* Restores what was saved: on the worker that runs it, or once it has EXITED. Harmless if it does not sleep deeply. */
void deep_sleep_end(struct process *process);

/* It is being closed: its page may go its own way. */
void deep_sleep_forget(struct process *process);

#endif
