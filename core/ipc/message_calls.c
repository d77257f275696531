/* The kernel calls that move messages.
 *
 * Each fetches what the guest passes without the lock, decides under it, and delivers without it.  A call that has to wait
 * hands the worker on (process_ipc.c), and its result is written down when the wait is over. */
#include "calls.h"

#include "bank.h"
#include "clock.h"
#include "endpoint.h"
#include "forwarder.h"
#include "host_memory.h"
#include "keeping.h"
#include "message.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "transfer.h"
#include "worker.h"

/* --- what guests pass ----------------------------------------------------------------------------------------------------- */

/* Nanoseconds from now; negative: for ever. */
static uint64_t deadline_of(uint64_t claimed_timeout)
{
    int64_t timeout = (int64_t)claimed_timeout;
    if (timeout <= 0)
        return UINT64_MAX;
    uint64_t now = ticks_now(), ticks = ns_to_ticks((uint64_t)timeout);
    return ticks < UINT64_MAX - now ? now + ticks : UINT64_MAX;
}

struct guest_match {
    uint32_t tag, badge, by;
};
enum { BY_TAG = 1, BY_BADGE = 2 };

static int64_t fetch_match(struct process *process, uint64_t claimed_address, struct match *match)
{
    struct guest_match wanted = {.by = 0};
    if (claimed_address && !copy_in(process, &wanted, guest_addr_from_register(claimed_address), sizeof wanted))
        return -MOTTE_ERROR_BAD_ADDRESS;
    *match = (struct match){wanted.tag, wanted.badge, wanted.by & BY_TAG, wanted.by & BY_BADGE};
    return wanted.by & ~(uint32_t)(BY_TAG | BY_BADGE) ? -MOTTE_ERROR_REQUEST_ERROR : 0;
}

/* Where keepers supply pages, they do so before anything has happened. */
static bool prepare_buffer(struct process *process, uint64_t claimed_address)
{
    struct guest_message shown;
    if (!keeping_may_retry(process))
        return true;
    guest_addr address = guest_addr_from_register(claimed_address);
    return copy_in(process, &shown, address, sizeof shown) && prepare_out(process, address, sizeof shown)
        && prepare_out(process, guest_addr_from_register(shown.bytes), shown.room);
}

/* --- finding one's way, under the lock ------------------------------------------------------------------------------------ */

static int64_t resolve(struct process *process, uint64_t claimed_handle, uint32_t right, struct capability **entry)
{
    *entry = table_find(process, claimed_handle);
    if (!*entry || !capability_is_valid(*entry))
        return -MOTTE_ERROR_INVALID_CAP;
    return (*entry)->rights & right ? 0 : -MOTTE_ERROR_NO_ACCESS;
}

static int64_t resolve_receiver(struct process *process, uint64_t claimed_handle, struct capability **entry)
{
    int64_t result = resolve(process, claimed_handle, MOTTE_RIGHT_RECEIVE, entry);
    return result == 0 && (*entry)->object->type != OBJECT_ENDPOINT ? -MOTTE_ERROR_NO_ACCESS : result;
}

static struct endpoint *endpoint_received_from(const struct capability *receiver)
{
    return (struct endpoint *)receiver->object;
}

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

/* --- waiting --------------------------------------------------------------------------------------------------------------- */

/* Whose turn it is, if that one has got what it waits for. */
static struct process *creditor(const struct process *process)
{
    struct process *payer = process->worker->payer;
    bool goes_on = payer != process && payer->ipc && payer->ipc->wait.kind != WAIT_NOTHING && payer->ipc->wait.finished;
    return goes_on ? payer : NULL;
}

static void begin_wait(struct process *process, enum wait_kind kind, uint64_t claimed_timeout)
{
    struct process_ipc *ipc = process->ipc;
    ipc->wait.kind = kind;
    ipc->wait.finished = false;
    ipc->wait.calls = false;
    ipc->wait.bits = 0;
    ipc->wait.message = NULL;
    ipc->deadline = deadline_of(claimed_timeout);
}

/* Unlocks. */
static int64_t wait_on(struct process *process, struct process *next)
{
    int64_t result = 0;
    ipc_switch(process, next ? next : creditor(process), &result);
    return result;
}

static int64_t unlock(struct process *process, int64_t result)
{
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* It was not sent; what had moved into it is the sender's still. */
static int64_t refuse(struct process *process, struct message *message, int64_t result)
{
    message_unload(process, message);
    if (message->parcel)
        parcel_return(process, message->parcel);
    message_drop(process->scheduler, message);
    return unlock(process, result);
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
        result = arguments[2] == 0                     ? -MOTTE_ERROR_FULL
               : message_pay(message, process->bank) ? 0
                                                       : -MOTTE_ERROR_LIMIT_REACHED;
    if (result == 0)
        result = load(process, &request, message, &route);
    if (result < 0)
        return refuse(process, message, result);
    if (!full) {
        transfer_send(endpoint, message);
        return unlock(process, 0);
    }
    begin_wait(process, WAIT_ROOM, arguments[2]);
    wait_for_room(process, arguments[0], endpoint, message);
    return wait_on(process, NULL);
}

/* int motte_call(int endpoint, const struct motte_message *request, struct motte_message *answer, long timeout) */
int64_t gate_call(struct process *process, const uint64_t arguments[6])
{
    struct process_ipc *ipc = process->ipc;
    struct guest_message request;
    struct message *message;
    struct endpoint *endpoint;
    struct route route;
    if (!prepare_buffer(process, arguments[2]))
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
        result = arguments[3] == 0                     ? -MOTTE_ERROR_FULL
               : message_pay(message, process->bank) ? 0
                                                       : -MOTTE_ERROR_LIMIT_REACHED;
    if (result == 0)
        result = load(process, &request, message, &route);
    if (result < 0)
        return refuse(process, message, result);
    begin_wait(process, full ? WAIT_ROOM : WAIT_ANSWER, arguments[3]);
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
        wait_finish_quietly(taker, 0, message);
        return wait_on(process, taker->process);
    } else {
        transfer_send(endpoint, message);
    }
    return wait_on(process, NULL);
}

/* Takes what is there, or waits. Under the lock; unlocks. */
static int64_t receive(struct process *process, const struct capability *receiver, struct match match, uint64_t buffer,
                       uint64_t claimed_timeout)
{
    struct process_ipc *ipc = process->ipc;
    struct endpoint *endpoint = endpoint_received_from(receiver);
    struct message *message;
    uint32_t bits;
    int64_t result = transfer_receive(endpoint, match, &message, &bits);
    if (result < 0 || (result == 0 && claimed_timeout == 0))
        return unlock(process, result < 0 ? result : -MOTTE_ERROR_TIMEOUT);
    begin_wait(process, WAIT_MESSAGE, claimed_timeout);
    ipc->buffer = guest_addr_from_register(buffer);
    ipc->source = endpoint;
    if (result == 0) {
        ipc->wait.match = match;
        waiter_enter(&ipc->wait.single, &ipc->wait, receiver, endpoint, &endpoint->first_waiter, &endpoint->last_waiter);
        return wait_on(process, NULL);
    }
    ipc->wait.bits = bits;
    ipc->wait.single.by = receiver;
    wait_finish_quietly(&ipc->wait, 0, message);
    unlock(process, 0);
    return ipc_resume(process);
}

/* int motte_receive(int endpoint, struct motte_message *message, const struct motte_match *match, long timeout) */
int64_t gate_receive(struct process *process, const uint64_t arguments[6])
{
    struct capability *receiver;
    struct match match;
    int64_t result = fetch_match(process, arguments[2], &match);
    if (result < 0)
        return result;
    if (!prepare_buffer(process, arguments[1]))
        return -MOTTE_ERROR_BAD_ADDRESS;
    pthread_mutex_lock(&process->scheduler->lock);
    result = resolve_receiver(process, arguments[0], &receiver);
    bool selects = match.by_tag || match.by_badge;
    if (result == 0 && selects && !endpoint_offers_choice(endpoint_received_from(receiver)))
        result = -MOTTE_ERROR_REQUEST_ERROR;
    return result < 0 ? unlock(process, result) : receive(process, receiver, match, arguments[1], arguments[3]);
}

/* Under the lock: the one use of a capability to answer, which cannot be part of its own answer.  Whoever has gone away gets
 * nothing, and nobody waits for it. */
static int64_t answer(struct process *process, uint64_t claimed_handle, const struct guest_message *request,
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
    result = answer(process, arguments[0], &request, message);
    return result < 0 ? refuse(process, message, result) : unlock(process, 0);
}

/* int motte_reply_receive(int reply, const struct motte_message *answer, int endpoint, struct motte_message *message,
 *                         long timeout) */
int64_t gate_reply_receive(struct process *process, const uint64_t arguments[6])
{
    const struct match anything = {.by_tag = false};
    struct guest_message request;
    struct message *message;
    struct capability *receiver;
    if (!prepare_buffer(process, arguments[3]))
        return -MOTTE_ERROR_BAD_ADDRESS;
    int64_t result = message_fetch(process, arguments[1], &request, &message);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    result = resolve_receiver(process, arguments[2], &receiver);
    if (result == 0)
        result = answer(process, arguments[0], &request, message);
    if (result < 0)
        return refuse(process, message, result);
    return receive(process, receiver, anything, arguments[3], arguments[4]);
}

/* --- several at once -------------------------------------------------------------------------------------------------------- */

static bool several_places(struct process *process, uint32_t count)
{
    struct wait *wait = &process->ipc->wait;
    const size_t size = sizeof *wait->several;
    if (wait->count >= count)
        return true;
    struct waiter *places = host_memory_resize(process, wait->several, wait->count * size, count * size);
    if (!places)
        return false;
    wait->several = places;
    wait->count = count;
    return true;
}

/* int motte_select(const int endpoints[], unsigned count, long timeout) */
int64_t gate_select(struct process *process, const uint64_t arguments[6])
{
    const struct match anything = {.by_tag = false};
    int32_t handles[MOTTE_SELECT_LIMIT];
    struct capability *receivers[MOTTE_SELECT_LIMIT];
    uint64_t count = (uint32_t)arguments[1];
    if (count < 1 || count > MOTTE_SELECT_LIMIT)
        return -MOTTE_ERROR_REQUEST_ERROR;
    if (!copy_in(process, handles, guest_addr_from_register(arguments[0]), count * sizeof *handles))
        return -MOTTE_ERROR_BAD_ADDRESS;
    if (!several_places(process, (uint32_t)count))
        return -MOTTE_ERROR_LIMIT_REACHED;
    pthread_mutex_lock(&process->scheduler->lock);
    for (uint32_t i = 0; i < count; i++) {
        int64_t result = resolve_receiver(process, (uint32_t)handles[i], &receivers[i]);
        if (result < 0)
            return unlock(process, result);
    }
    for (uint32_t i = 0; i < count; i++)
        if (transfer_is_ready(endpoint_received_from(receivers[i]), anything))
            return unlock(process, i);
    if (arguments[2] == 0)
        return unlock(process, -MOTTE_ERROR_TIMEOUT);
    begin_wait(process, WAIT_ANY, arguments[2]);
    struct wait *wait = &process->ipc->wait;
    for (uint32_t i = 0; i < count; i++) {
        wait->several[i].index = i;
        struct endpoint *endpoint = endpoint_received_from(receivers[i]);
        waiter_enter(&wait->several[i], wait, receivers[i], endpoint, &endpoint->first_waiter, &endpoint->last_waiter);
    }
    return wait_on(process, NULL);
}

/* int motte_notify(int endpoint, unsigned bits) */
int64_t gate_notify(struct process *process, const uint64_t arguments[6])
{
    struct capability *entry;
    struct route route;
    uint32_t bits = (uint32_t)arguments[1];
    if (!bits)
        return -MOTTE_ERROR_REQUEST_ERROR;
    pthread_mutex_lock(&process->scheduler->lock);
    int64_t result = resolve(process, arguments[0], MOTTE_RIGHT_SEND, &entry);
    if (result == 0) {
        route_find(entry, &route);
        bool notified = route.end->object->type == OBJECT_ENDPOINT && route.rights & MOTTE_RIGHT_SEND;
        if (notified && !((struct endpoint *)route.end->object)->conversation)
            transfer_notify((struct endpoint *)route.end->object, bits);
        else
            result = -MOTTE_ERROR_REQUEST_ERROR;
    }
    return unlock(process, result);
}
