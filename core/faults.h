/* What a fault was: the guest's own, a copy's, a stack that may grow, or not ours. */
#ifndef MOTTE_FAULTS_H
#define MOTTE_FAULTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "motte_abi.h"

struct process;
struct worker;

enum fault_outcome {
    FAULT_LEAVE_GUEST, /* the process has a pending trap, and its registers are saved */
    FAULT_FAIL_COPY,   /* a copy of guest memory met an inaccessible page: worker->copy_fault says which */
    FAULT_NOT_OURS,
};

/* In the signal handler. `worker` is the calling thread's, or NULL. */
enum fault_outcome fault_catch(struct worker *worker, int number, const siginfo_t *information,
                               const ucontext_t *state);

/* In the signal handler, which found the process in its own code: saves all registers in its context. */
void fault_save_guest(struct process *process, const ucontext_t *state);

/* On the worker that caught the trap, after the guest was left.  True if its cause is gone: the guest can go on.
 * Otherwise the process was asked to stop, or its keeper is to be asked. */
bool fault_settle(struct process *process);

/* What an access at this distance from the window's start was, given that it failed. */
enum motte_fault fault_at_address(const struct process *process, int64_t address);

#endif
