/* The kernel calls that send: messages, calls, answers, bits.
 *
 * Each fetches what the guest passes without the lock, decides under it, and delivers without it.  A call that has to wait
 * hands the worker on (process_ipc.c), and its result is written down when the wait is over. */
#include "calls.h"

#include "awake.h"
#include "bank.h"
#include "endpoint.h"
#include "forwarder.h"
#include "gate_waits.h"
#include "message.h"
#include "message_trace.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "transfer.h"

/* --- where it goes, under the lock ---------------------------------------------------------------------------------------- */

/* Its own receiver cannot wait in an endpoint: nobody could ever take it out.  Nor goes the end of a conversation through
 * itself: when it arrives, its side may not be about to send any more. */
static bool sends_receiver(const struct process *process, const struct guest_message *request, const struct object *sent_with,
                           const struct endpoint *to)
{
    for (uint32_t i = 0; i < request->capability_count; i++) {
        const struct capability *entry = table_find(process, (uint32_t)request->capabilities[i]);
        if (entry && entry->rights & MOTTE_RIGHT_RECEIVE && (entry->object == &to->object || entry->object == sent_with))
            return true;
    }
    return false;
}

/* Where it goes; and who pays for it. */
static int64_t address(struct process *process, uint64_t claimed_handle, const struct guest_message *request,
                       struct message *message, struct route *route, struct endpoint **endpoint)
{
    const struct capability *entry = table_find(process, claimed_handle);
    int64_t result = entry ? message_address(entry, message, request->capability_count, route, endpoint)
                           : -MOTTE_ERROR_INVALID_CAP;
    if (result == 0 && sends_receiver(process, request, route->end->object, *endpoint))
        result = -MOTTE_ERROR_REQUEST_ERROR;
    if (result < 0 || !(*endpoint)->senders_pay)
        return result;
    if (!bank_charge_bytes(process->bank, message_footprint(message), NULL))
        return -MOTTE_ERROR_LIMIT_REACHED;
    bank_retain(process->bank);
    message->payer = process->bank;
    return 0;
}

/* The capabilities go into the message, and through what lies on the way. */
static int64_t load(struct process *process, const struct guest_message *request, struct message *message,
                    const struct route *route)
{
    int64_t result = message_load(process, request, message);
    if (result == 0 && route->count && message->capability_count)
        result = route_cross(route, message->capabilities, message->capability_count);
    return result;
}

/* What a message that finds no room comes to: it waits at its sender's cost, or is not sent. */
static int64_t without_room(struct process *process, struct message *message, uint64_t claimed_timeout)
{
    if (claimed_timeout == 0)
        return -MOTTE_ERROR_FULL;
    return message_pay(message, process->bank) ? 0 : -MOTTE_ERROR_LIMIT_REACHED;
}

static void wait_for_room(struct process *process, uint64_t handle, struct endpoint *endpoint, struct message *message)
{
    struct wait *wait = &process->ipc->wait;
    wait->outgoing = message;
    waiter_enter(&wait->single, wait, table_find(process, handle), endpoint, &endpoint->first_sender,
                 &endpoint->last_sender);
}

/* --- the calls ------------------------------------------------------------------------------------------------------------- */

/* int motte_send(int endpoint, const struct motte_message *message, long timeout) */
int64_t gate_send(struct process *process, const uint64_t arguments[6])
{
    struct guest_message request;
    struct message *message;
    struct endpoint *endpoint;
    struct route route;
    int64_t result = message_fetch(process, arguments[1], &request, &message);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    result = address(process, arguments[0], &request, message, &route, &endpoint);
    bool full = result == 0 && transfer_is_full(endpoint, message);
    if (full)
        result = without_room(process, message, arguments[2]);
    if (result == 0)
        result = load(process, &request, message, &route);
    if (result < 0)
        return gate_refuse(process, message, result);
    if (!full) {
        transfer_send(endpoint, message);
        return gate_unlock(process, 0);
    }
    gate_begin_wait(process, WAIT_ROOM, arguments[2]);
    wait_for_room(process, arguments[0], endpoint, message);
    return gate_wait(process, NULL);
}

/* int motte_call(int endpoint, const struct motte_message *request, struct motte_message *answer, long timeout) */
int64_t gate_call(struct process *process, const uint64_t arguments[6])
{
    struct process_ipc *ipc = process->ipc;
    struct guest_message request;
    struct message *message;
    struct endpoint *endpoint;
    struct route route;
    if (!gate_prepare_buffer(process, arguments[2]))
        return -MOTTE_ERROR_BAD_ADDRESS;
    int64_t result = message_fetch(process, arguments[1], &request, &message);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    result = address(process, arguments[0], &request, message, &route, &endpoint);
    if (result == 0 && endpoint->conversation)
        result = -MOTTE_ERROR_REQUEST_ERROR;
    if (result == 0 && !endpoint->receivers)
        result = -MOTTE_ERROR_PEER_CLOSED;
    struct wait *taker = result == 0 ? transfer_taker(endpoint, message) : NULL;
    bool full = result == 0 && !taker && transfer_is_full(endpoint, message);
    if (full)
        result = without_room(process, message, arguments[3]);
    if (result == 0)
        result = load(process, &request, message, &route);
    if (result < 0)
        return gate_refuse(process, message, result);
    gate_begin_wait(process, full ? WAIT_ROOM : WAIT_ANSWER, arguments[3]);
    ipc->wait.calls = true;
    ipc->buffer = guest_addr_from_register(arguments[2]);
    ipc->source = NULL;
    message->reply = caller_open(&ipc->caller, &ipc->wait);
    ipc->caller.weak = route.weak;
    if (route.count)
        caller_crosses(&ipc->caller, &route); /* it has not crossed any yet: there is room */
    if (full) {
        wait_for_room(process, arguments[0], endpoint, message);
    } else if (taker && taker->process && ipc_may_switch(process, taker->process)) {
        message_trace_sent(process->scheduler, message);
        message_trace_received(process->scheduler, taker->process, message);
        wait_finish_quietly(taker, 0, message);
        return gate_wait(process, taker->process);
    } else {
        transfer_send(endpoint, message);
        return gate_wait_for_answer(process, endpoint);
    }
    return gate_wait(process, NULL);
}

/* Whoever has gone away gets nothing, and nobody waits for it. */
int64_t gate_answer(struct process *process, uint64_t claimed_handle, const struct guest_message *request,
                    struct message *message)
{
    struct capability *entry = table_find(process, claimed_handle);
    if (!entry || entry->object->type != OBJECT_CALLER)
        return -MOTTE_ERROR_INVALID_CAP;
    struct caller *caller = (struct caller *)entry->object;
    for (uint32_t i = 0; i < request->capability_count; i++)
        if (table_find(process, (uint32_t)request->capabilities[i]) == entry)
            return -MOTTE_ERROR_INVALID_CAP;
    bool awaited = capability_is_valid(entry);
    int64_t result = awaited || message->parcel ? message_load(process, request, message) : 0;
    if (result < 0)
        return result;
    struct capability used = table_take(process, entry);
    if (awaited && !caller->wait->process)
        awake_note_guest(process->scheduler);
    if (awaited)
        caller_answer(caller, message);
    else
        message_drop(process->scheduler, message);
    object_release_under_lock(used.object);
    return 0;
}

/* int motte_reply(int reply, const struct motte_message *answer) */
int64_t gate_reply(struct process *process, const uint64_t arguments[6])
{
    struct guest_message request;
    struct message *message;
    int64_t result = message_fetch(process, arguments[1], &request, &message);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    result = gate_answer(process, arguments[0], &request, message);
    return result < 0 ? gate_refuse(process, message, result) : gate_unlock(process, 0);
}

/* int motte_notify(int endpoint, unsigned bits) */
int64_t gate_notify(struct process *process, const uint64_t arguments[6])
{
    uint32_t bits = (uint32_t)arguments[1];
    if (!bits)
        return -MOTTE_ERROR_REQUEST_ERROR;
    pthread_mutex_lock(&process->scheduler->lock);
    const struct capability *entry = table_find(process, arguments[0]);
    return gate_unlock(process, entry ? transfer_post(entry, bits) : -MOTTE_ERROR_INVALID_CAP);
}
