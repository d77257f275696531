#include "gate_waits.h"

#include "awake.h"
#include "clock.h"
#include "endpoint.h"
#include "exchange/parcel.h"
#include "keeping.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "transfer.h"
#include "worker.h"

static uint64_t deadline_of(uint64_t claimed_timeout)
{
    int64_t timeout = (int64_t)claimed_timeout;
    if (timeout <= 0)
        return UINT64_MAX;
    uint64_t now = ticks_now(), ticks = ns_to_ticks((uint64_t)timeout);
    return ticks < UINT64_MAX - now ? now + ticks : UINT64_MAX;
}

bool gate_prepare_buffer(struct process *process, uint64_t claimed_address)
{
    struct guest_message shown;
    if (!keeping_may_retry(process))
        return true;
    guest_addr address = guest_addr_from_register(claimed_address);
    return copy_in(process, &shown, address, sizeof shown) && prepare_out(process, address, sizeof shown)
        && prepare_out(process, guest_addr_from_register(shown.bytes), shown.room);
}

/* Whose turn it is, if that one has got what it waits for. */
static struct process *creditor(const struct process *process)
{
    struct process *payer = process->worker->payer;
    bool goes_on = payer != process && payer->ipc && payer->ipc->wait.kind != WAIT_NOTHING && payer->ipc->wait.finished;
    return goes_on ? payer : NULL;
}

void gate_begin_wait(struct process *process, enum wait_kind kind, uint64_t claimed_timeout)
{
    struct process_ipc *ipc = process->ipc;
    ipc->wait.kind = kind;
    ipc->wait.finished = false;
    ipc->wait.calls = false;
    ipc->wait.bits = 0;
    ipc->wait.message = NULL;
    ipc->deadline = deadline_of(claimed_timeout);
}

int64_t gate_wait(struct process *process, struct process *next)
{
    int64_t result = 0;
    ipc_switch(process, next ? next : creditor(process), &result);
    return result;
}

int64_t gate_wait_for_answer(struct process *process, const struct endpoint *endpoint)
{
    struct process_ipc *ipc = process->ipc;
    if (!endpoint->host_receives)
        return gate_wait(process, NULL);
    awake_note_guest(process->scheduler);
    if (!awake_may_wait(process, endpoint))
        return gate_wait(process, NULL);
    atomic_store_explicit(&ipc->over, false, memory_order_relaxed);
    process->worker->lingers = true;
    gate_unlock(process, 0);
    awake_for_answer(process);
    pthread_mutex_lock(&process->scheduler->lock);
    process->worker->lingers = false;
    if (!ipc->wait.finished)
        return gate_wait(process, NULL);
    gate_unlock(process, 0);
    return ipc_resume(process);
}

int64_t gate_unlock(struct process *process, int64_t result)
{
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

int64_t gate_refuse(struct process *process, struct message *message, int64_t result)
{
    message_unload(process, message);
    if (message->parcel)
        parcel_return(process, message->parcel);
    message_drop(process->scheduler, message);
    return gate_unlock(process, result);
}
