#include "waiting.h"

#include <stddef.h>

#include "endpoint.h"
#include "host_ipc.h"
#include "message.h"
#include "panic.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "worker.h"

void waiter_enter(struct waiter *waiter, struct wait *wait, const struct capability *by, struct endpoint *endpoint,
                  struct waiter **first, struct waiter **last)
{
    waiter->wait = wait;
    waiter->by = by;
    waiter->endpoint = endpoint;
    waiter->next = NULL;
    waiter->previous = *last;
    *(*last ? &(*last)->next : first) = waiter;
    *last = waiter;
}

static void leave(struct waiter *waiter, struct waiter **first, struct waiter **last)
{
    *(waiter->previous ? &waiter->previous->next : first) = waiter->next;
    *(waiter->next ? &waiter->next->previous : last) = waiter->previous;
    waiter->endpoint = NULL;
}

void wait_leave(struct wait *wait)
{
    struct endpoint *endpoint = wait->single.endpoint;
    if (endpoint && wait->kind == WAIT_ROOM)
        leave(&wait->single, &endpoint->first_sender, &endpoint->last_sender);
    else if (endpoint)
        leave(&wait->single, &endpoint->first_waiter, &endpoint->last_waiter);
    for (uint32_t i = 0; i < wait->count; i++) {
        endpoint = wait->several[i].endpoint;
        if (endpoint)
            leave(&wait->several[i], &endpoint->first_waiter, &endpoint->last_waiter);
    }
}

void wait_finish_quietly(struct wait *wait, int64_t result, struct message *message)
{
    require(!wait->finished, "a wait ends twice");
    if (message && wait->kind == WAIT_MESSAGE && wait->single.by->weak)
        message_weaken(message);
    wait_leave(wait);
    wait->finished = true;
    wait->result = result;
    wait->message = message;
}

/* One that has not left its gate yet, or lends its turn to another, finds by itself that the wait is over. */
void ipc_wake(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    if (process->worker) {
        atomic_store_explicit(&process->ipc->over, true, memory_order_release);
        return;
    }
    timeouts_cancel(&scheduler->timeouts, &process->sleep);
    scheduler_ready(process);
    scheduler->ipc_made_ready = true;
}

void wait_finish(struct wait *wait, int64_t result, struct message *message)
{
    wait_finish_quietly(wait, result, message);
    if (wait->process)
        ipc_wake(wait->process);
    else
        host_ipc_finished(wait);
}
