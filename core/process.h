/* A process: one window, one bank, one run from its entry to its stop.
 *
 * States:   CREATED --start--> RUNNING --stop--> STOPPED
 *              \________________close________________/--> (freed)
 *
 * Whoever asks first decides why a process stops (process_stop); later reasons are ignored.  A request is not
 * a stop: the process is STOPPED once its thread has left the guest for good, and everything it still
 * holds (window, descriptors, charges) is released by process_destroy.
 *
 * Lock order, for the whole core: code region -> slot pool -> process->lock.  No lock is held while guest memory
 * is copied, while the personality runs, or in a signal handler (which takes none).
 */
#ifndef MOTTE_PROCESS_H
#define MOTTE_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest_memory.h"
#include "motte_abi.h"
#include "window.h"

struct bank;
struct personality;
struct process;

/* Asks the process to stop: for `reason` with `value` (exit status, signal number, 0 else). From any thread, and
 * from signal handlers. False if another request came first. The caller's thread goes on; a personality that asks
 * for its own process just returns. */
bool process_stop(struct process *process, enum motte_stop reason, int32_t value);

/* True once a stop was asked for. A personality looks whenever a host call returned EINTR, and between the pieces of
 * long work. */
bool process_stop_requested(const struct process *process);

/* Charges pages of the host's memory that are spent on this process outside its window (tables, buffers). */
bool process_charge(struct process *process, uint64_t pages);
void process_refund(struct process *process, uint64_t pages);

/* A host system call that may block, made so that a stop cannot be lost: returns -EINTR without making the call if a
 * stop was requested up to the very instruction that enters the kernel, and is interrupted by a request that comes later.
 * Otherwise the kernel's result (negative errno). Only on the process's own thread. */
int64_t interruptible_syscall(struct process *process, long number, long a, long b, long c, long d, long e, long f);

/* The personality's own state; the core never looks inside. */
struct personality **process_personality(struct process *process);

#endif
