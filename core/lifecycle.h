/* What others do to a process: start it, suspend and resume it, end it, wait for its end. From any thread. */
#ifndef MOTTE_LIFECYCLE_H
#define MOTTE_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "motte_abi.h"

struct process;

/* Makes a CREATED process READY: 0; -EBUSY in another state; -EAGAIN or another negative errno if the host refuses
 * threads or the signal handlers. */
int process_start(struct process *process);

/* Makes a CREATED process IDLE, for calls of its functions (function_call.h): as process_start. */
int process_open(struct process *process);

/* Ends it for `reason` with `value`, under the scheduler's lock; ipc_settle() is due afterwards. */
void process_end_for(struct process *process, enum motte_stop reason, int32_t value);

/* Ends it, wherever it is, unless it ends already; one that was not started has EXITED at once. */
void process_kill(struct process *process, enum motte_stop reason);

/* It stands still, at an instruction or in a system call, until process_resume.  A call of the host's that waits goes on
 * waiting.  Both harmless when repeated; -EBUSY if it was not started or has EXITED. */
int process_suspend(struct process *process);
int process_resume(struct process *process);

/* Waits until EXITED: 1; 0 once the deadline has passed; -EINTR if a signal came first. */
struct deadline {
    bool exists;
    struct timespec at; /* CLOCK_MONOTONIC */
};
struct deadline deadline_after(uint64_t timeout_ns); /* UINT64_MAX: none */
bool deadline_is_before(const struct deadline *one, const struct deadline *other);
int process_wait(struct process *process, struct deadline deadline);

/* CPU and wall time so far, or in all. */
struct process_times {
    uint64_t cpu_ns, wall_ns, preemptions;
};
struct process_times process_times(struct process *process);

#endif
