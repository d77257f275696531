/* What a process has of capabilities and messages; made when it needs some for the first time. */
#ifndef MOTTE_PROCESS_IPC_H
#define MOTTE_PROCESS_IPC_H

#include "capability.h"
#include "exchange/opening.h"
#include "exchange/parcel.h"
#include "guest_memory.h"
#include "sources.h"
#include "waiting.h"

struct grant_name {
    char name[MOTTE_GRANT_NAME];
    int32_t handle;
};

/* Counted as an object: capabilities to answer its calls may outlive the process. */
struct process_ipc {
    struct caller caller; /* first: an object */
    struct wait wait;
    uint64_t deadline;      /* ticks: of the wait; UINT64_MAX is none */
    guest_addr buffer;      /* where what comes is written to */
    struct endpoint *source; /* that it waits for; its own capability keeps it alive */
    struct capability_table table;
    struct grant_name *grants;
    uint32_t grant_count;
    int32_t source_handles[SOURCE_COUNT]; /* what was granted under their names, if anything was; 0 */
    struct unmapped_blocks unmapped; /* while it sends */
    struct open_block open;
    _Atomic bool over; /* what it waits for in its gate has come */
};

/* False if its bank or the host has no memory. */
bool ipc_prepare(struct process *process);

/* A named grant, before the process starts.  Takes the capability over; 0, or an error, and the capability is the
 * caller's still. */
int64_t ipc_grant(struct process *process, const char *name, struct capability capability);

/* --- under the scheduler's lock ------------------------------------------------------------------------------------------- */

/* Whether it waits, and has not got what it waits for. */
static inline bool ipc_is_waiting(const struct process_ipc *ipc)
{
    return ipc && ipc->wait.kind != WAIT_NOTHING && !ipc->wait.finished;
}

/* The moment until which it waits has come. */
void ipc_timeout(struct process *process);

/* It has ended: nothing reaches it any more, and what it held is dropped. */
void ipc_forget(struct process *process);

/* The calling worker's turn, in a gate of `process`, which waits: goes on with `next`, which has got what it waited for, or
 * with the one whose turn it is.  The result of that one's gate is in *result, and true.  False: the turn ends. The lock
 * is not held any more in both cases. */
bool ipc_switch(struct process *process, struct process *next, int64_t *result);

/* Whether ipc_switch could go on with `next`, which waits now. */
bool ipc_may_switch(const struct process *process, const struct process *next);

/* --- without it ----------------------------------------------------------------------------------------------------------- */

/* On its own worker, when the wait is over: delivers what came. The result of the gate. */
int64_t ipc_resume(struct process *process);

/* Its memory; the process is being closed. */
void ipc_free(struct process *process);

#endif
