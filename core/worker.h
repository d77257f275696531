/* A worker: a host thread that runs guests.  At present each running process has one of its own (scheduler.c).
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
#include <time.h>

#include "timers.h"

struct process;

struct worker {
    /* Its own thread, signal handlers included. */
    struct process *process; /* NULL: none is running, and no signal means anything */
    struct timers timers;
    void *signal_stack;
    size_t signal_stack_size;
    /* Constant while process->worker points here. */
    pid_t thread_id;
    clockid_t cpu_clock; /* this thread's, for others to read */
    struct timespec started_cpu, started_wall;
};

/* The calling thread's, or NULL: handlers ask. */
struct worker *worker_current(void);

/* Runs the process to its stop, on the calling thread, which becomes a worker for this time.  All signals must be
 * blocked. False, and the process not run, if the host refuses a resource. */
bool worker_run(struct process *process);

#endif
