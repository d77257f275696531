/* What a fault was: the guest's own, a copy's, a stack that may grow, or not ours. */
#ifndef MOTTE_FAULTS_H
#define MOTTE_FAULTS_H

#include <signal.h>
#include <ucontext.h>

struct process;

enum fault_outcome {
    FAULT_REPEAT,      /* the cause is gone (a stack grew): run the instruction again */
    FAULT_LEAVE_GUEST, /* the process was asked to stop; its place is recorded */
    FAULT_FAIL_COPY,   /* a copy of guest memory met an inaccessible page */
    FAULT_NOT_OURS,
};

/* In the signal handler. `process` is what this thread runs, or NULL. */
enum fault_outcome fault_handle(struct process *process, int number, const siginfo_t *information,
                                const ucontext_t *state);

/* Records instruction and registers of a process that was stopped in its own code. */
void fault_record_place(struct process *process, const ucontext_t *state);

#endif
