/* Processes that wait for one another, and how one goes on in another's turn.
 *
 * The problem.  A call and its answer are two switches between processes; a switch that goes through the meters' queues costs
 * more than all the rest of a call.
 *
 * The answer.  Who calls somebody that waits for just this lends it the rest of the turn: the worker goes on with the called
 * process, in whose gate the call arrives, and the meters do not notice.  The turn stays the caller's (worker->payer): its
 * meter pays for the service, and its slice ends it.  When the called process answers and waits again, the worker goes back
 * the same way.
 *
 * A loan ends with the turn, whatever ends it.  The called process then goes on at its own cost, so that no client can keep a
 * server from its work by having nothing to lend; the caller waits for its answer, as after any other call.
 *
 * How the worker gets from one process to the other: inside of a gate all of a guest's state is in its context (switch.S).
 * What leads back to the guest finds that by the GS base.  So a gate that sets another GS base returns into another guest.
 */
#include "process_ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_region.h"
#include "context.h"
#include "endpoint.h"
#include "forwarder.h"
#include "host_memory.h"
#include "message.h"
#include "moments.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "switch.h"
#include "trace.h"
#include "transfer.h"
#include "worker.h"

/* --- beginning and end ---------------------------------------------------------------------------------------------------- */

/* With a small message that it holds while it waits (message_pay). */
enum { IPC_BYTES = sizeof(struct process_ipc) + sizeof(struct message) + MESSAGE_SPARE_ROOM };

bool ipc_prepare(struct process *process)
{
    if (process->ipc)
        return true;
    if (!host_memory_charge(process, IPC_BYTES))
        return false;
    struct process_ipc *ipc = calloc(1, sizeof *ipc);
    if (!ipc) {
        host_memory_refund(process, IPC_BYTES);
        return false;
    }
    object_begin(&ipc->caller.object, OBJECT_CALLER, process->scheduler);
    ipc->wait.process = process;
    process->ipc = ipc;
    return true;
}

/* Its queue is this process's mailbox, also before it has looked into it. */
static void note_receiver(struct process *process, const struct capability *capability)
{
    if (capability->object->type != OBJECT_ENDPOINT || !(capability->rights & MOTTE_RIGHT_RECEIVE))
        return;
    pthread_mutex_lock(&process->scheduler->lock);
    ((struct endpoint *)capability->object)->received_by = process->identity;
    pthread_mutex_unlock(&process->scheduler->lock);
}

int64_t ipc_grant(struct process *process, const char *name, struct capability capability)
{
    if (!ipc_prepare(process) || !table_reserve(process, 1))
        return -MOTTE_ERROR_LIMIT_REACHED;
    struct process_ipc *ipc = process->ipc;
    size_t name_size = strlen(name) + 1;
    if (name_size > sizeof ipc->grants->name)
        return -MOTTE_ERROR_REQUEST_ERROR;
    const size_t size = sizeof *ipc->grants;
    struct grant_name *grants =
        host_memory_resize(process, ipc->grants, ipc->grant_count * size, (ipc->grant_count + 1) * size);
    if (!grants)
        return -MOTTE_ERROR_LIMIT_REACHED;
    ipc->grants = grants;
    struct grant_name *grant = &grants[ipc->grant_count++];
    memcpy(grant->name, name, name_size);
    note_receiver(process, &capability);
    grant->handle = table_insert(process, capability);
    int source = source_named(name);
    if (source < SOURCE_COUNT && !ipc->source_handles[source])
        ipc->source_handles[source] = grant->handle;
    return 0;
}

void ipc_forget(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    if (!ipc)
        return;
    struct wait *wait = &ipc->wait;
    wait_leave(wait);
    wait->kind = WAIT_NOTHING;
    if (wait->message)
        message_drop(process->scheduler, wait->message);
    if (wait->outgoing)
        message_drop(process->scheduler, wait->outgoing);
    wait->message = wait->outgoing = NULL;
    ipc->caller.open = false;
    caller_forgets(&ipc->caller);
    ipc->source = NULL;
    block_close_under_lock(process);
    table_drop_all(process);
}

void ipc_free(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    if (!ipc)
        return;
    pthread_mutex_lock(&process->scheduler->lock);
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    table_free(process);
    host_memory_free(process, ipc->wait.several, ipc->wait.count * sizeof *ipc->wait.several);
    host_memory_free(process, ipc->grants, ipc->grant_count * sizeof *ipc->grants);
    host_memory_refund(process, IPC_BYTES);
    process->ipc = NULL;
    pthread_mutex_lock(&process->scheduler->lock);
    object_release_under_lock(&ipc->caller.object);
    pthread_mutex_unlock(&process->scheduler->lock);
}

/* --- the end of a wait ---------------------------------------------------------------------------------------------------- */

void ipc_timeout(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    if (!ipc_is_waiting(ipc))
        return;
    ipc->caller.open = false; /* an answer that comes later is for nobody */
    wait_finish(&ipc->wait, -MOTTE_ERROR_TIMEOUT, NULL);
    if (process->worker) { /* whom it lends its turn to comes to an end */
        struct process *running = atomic_load(&process->worker->process);
        process_set_attention(running, true);
        scheduler_interrupt(process->worker);
    }
}

static int64_t deliver(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    struct wait *wait = &ipc->wait;
    if (wait->bits)
        return message_deliver_bits(process, ipc->buffer, wait->bits);
    if (!wait->message)
        return wait->result;
    if (wait->kind == WAIT_MESSAGE && !wait->message->sender)
        worker_current()->heard_host = true;
    int64_t result = message_deliver(process, ipc->buffer, wait->message);
    if (result == 0) {
        message_free(worker_current(), wait->message);
    } else {
        pthread_mutex_lock(&process->scheduler->lock);
        if (wait->kind == WAIT_MESSAGE && ipc->source)
            transfer_put_back(ipc->source, wait->message);
        else
            message_drop(process->scheduler, wait->message);
        ipc_settle(process->scheduler);
        pthread_mutex_unlock(&process->scheduler->lock);
    }
    wait->message = NULL;
    return result;
}

/* There was no room in time: what was to be sent is the sender's still, but for copies. */
static void take_back_outgoing(struct process *process)
{
    struct wait *wait = &process->ipc->wait;
    pthread_mutex_lock(&process->scheduler->lock);
    if (wait->outgoing->parcel)
        parcel_return(process, wait->outgoing->parcel);
    message_unload(process, wait->outgoing);
    message_drop(process->scheduler, wait->outgoing);
    wait->outgoing = NULL;
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    parcel_map_again(process);
}

int64_t ipc_resume(struct process *process)
{
    struct process_ipc *ipc = process->ipc;
    int64_t result = deliver(process);
    if (ipc->wait.outgoing)
        take_back_outgoing(process);
    process->question.ask = ASK_NOTHING; /* keepers were asked about the buffer before */
    ipc->wait.kind = WAIT_NOTHING;
    ipc->wait.finished = false;
    ipc->wait.bits = 0;
    return result;
}

/* --- in another's turn ------------------------------------------------------------------------------------------------------ */

bool ipc_may_switch(const struct process *process, const struct process *next)
{
    const struct worker *worker = process->worker;
    if (next->scheduler != process->scheduler || (next->worker && next->worker != worker))
        return false;
    if (next->region->owned.claims.reaches_blocks != process->region->owned.claims.reaches_blocks)
        return false; /* their gates differ (switch.S) */
    if (!next->slot->cell != !process->slot->cell)
        return false; /* one has no gates here (cells/cell_turn.h) */
    return !atomic_load_explicit(&process->attention, memory_order_relaxed) && !worker->unmetered && !worker->visits
        && atomic_load_explicit(&next->state, memory_order_relaxed) == PROCESS_RECEIVING && !next->suspended
        && !process_stop_requested(next) && !runnable_is_off(&next->runnable);
}

/* R9, as in the beginning of a turn. */
bool ipc_switch(struct process *process, struct process *next, int64_t *result)
{
    struct scheduler *scheduler = process->scheduler;
    struct worker *worker = process->worker;
    struct process_ipc *ipc = process->ipc;
    bool possible = next && ipc_may_switch(process, next);
    if (possible && ipc->deadline != UINT64_MAX)
        possible = moments_set(scheduler, &process->sleep, ipc->deadline);
    if (!possible) {
        if (next && next->worker != worker)
            ipc_wake(next);
        process_set_attention(process, true);
        ipc_settle(scheduler);
        pthread_mutex_unlock(&scheduler->lock);
        return false;
    }
    struct context *here = slot_context(process->slot), *there = slot_context(next->slot);
    uint64_t host_stack = here->host_stack, host_fs = here->host_fs;
    here->resume = RESUME_IN_GATE;
    if (worker->payer != process)
        process->worker = NULL;
    process_set_state(process, PROCESS_RECEIVING);
    if (next->sleep.is_set)
        timeouts_cancel(&scheduler->timeouts, &next->sleep);
    if (next->saved)
        deep_sleep_begin_rest(scheduler); /* as it will: turns that are lent end without a word */
    next->worker = worker;
    process_set_state(next, PROCESS_RUNNING);
    process_set_attention(next, false);
    atomic_store_explicit(&worker->process, next, memory_order_release);
    if (is_traced(scheduler))
        trace_write_loan(scheduler, next, process, worker);
    if (ipc_is_unsettled(scheduler) || scheduler->ipc_made_ready)
        ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);

    deep_sleep_end(next);
    there->host_stack = host_stack;
    there->host_mxcsr = worker->mxcsr;
    there->host_fs = host_fs;
    *result = ipc_resume(next);
    switch_gs_base(slot_window(next->slot));
    return true;
}
