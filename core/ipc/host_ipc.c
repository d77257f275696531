#define _GNU_SOURCE
#include "host_ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "awake.h"
#include "bank.h"
#include "endpoint.h"
#include "exchange/block.h"
#include "forwarder.h"
#include "message_trace.h"
#include "scheduler.h"
#include "transfer.h"

/* --- messages ------------------------------------------------------------------------------------------------------------- */

struct message *host_ipc_message(const void *bytes, uint32_t size, uint32_t tag, uint32_t flags)
{
    struct message *message = message_create(NULL, size);
    if (!message)
        return NULL;
    if (size)
        memcpy(message->bytes, bytes, size);
    message->tag = tag;
    message->flags = flags;
    return message;
}

static struct scheduler *lock(const struct capability *capability)
{
    struct scheduler *scheduler = capability->object->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    return scheduler;
}

/* A worker that is to be woken is woken without the lock (parking.h). */
static int64_t unlock(struct scheduler *scheduler, int64_t result)
{
    const struct parking *sleeper = NULL;
    if (scheduler->dropped_messages) /* which lets go of the lock now and then */
        ipc_settle(scheduler);
    scheduler->wake_later = &sleeper;
    ipc_settle(scheduler);
    scheduler->wake_later = NULL;
    pthread_mutex_unlock(&scheduler->lock);
    if (sleeper)
        parking_wake(sleeper);
    return result;
}

int64_t host_ipc_attach(struct message *message, struct capability *capability)
{
    struct scheduler *scheduler = lock(capability);
    int64_t result = 0;
    if (block_of(capability))
        return unlock(scheduler, parcel_attach(message, capability));
    if (message->capability_count == MOTTE_MESSAGE_CAPABILITIES || message->parcel)
        result = -MOTTE_ERROR_REQUEST_ERROR;
    else if (!capability_is_valid(capability))
        result = -MOTTE_ERROR_INVALID_CAP;
    else if (capability->rights & MOTTE_RIGHT_COPY)
        message->capabilities[message->capability_count++] = capability_copy(capability, UINT32_MAX, 0, false);
    else
        result = capability_may_move(capability);
    if (result == 0 && !(capability->rights & MOTTE_RIGHT_COPY))
        message->capabilities[message->capability_count++] = capability_move(capability);
    return unlock(scheduler, result);
}

void host_ipc_discard(struct scheduler *scheduler, struct message *message)
{
    pthread_mutex_lock(&scheduler->lock);
    message_drop(scheduler, message);
    unlock(scheduler, 0);
}

/* --- waiting -------------------------------------------------------------------------------------------------------------- */

static void begin(struct host_wait *host, enum wait_kind kind)
{
    memset(&host->wait, 0, sizeof host->wait);
    parking_forget_calls(&host->over);
    host->wait.kind = kind;
    host->source = NULL;
    host->caller = NULL;
    host->unsent = NULL;
    host->told.completions = NULL;
    host->told.link = NULL;
}

void host_ipc_finished(struct wait *wait)
{
    struct host_wait *host = (struct host_wait *)wait;
    bool sleeps = parking_call(&host->over); /* before anybody is told; it does not go away, for that takes the lock */
    if (host->told.completions)
        completions_add(&host->told);
    else if (sleeps)
        parking_wake(&host->over);
}

static void stand_in_line(struct host_wait *host, const struct capability *by, struct endpoint *endpoint)
{
    bool sends = host->wait.kind == WAIT_ROOM;
    host->source = endpoint;
    object_retain(&endpoint->object);
    waiter_enter(&host->wait.single, &host->wait, by, endpoint, sends ? &endpoint->first_sender : &endpoint->first_waiter,
                 sends ? &endpoint->last_sender : &endpoint->last_waiter);
}

void host_ipc_tell(struct scheduler *scheduler, struct host_wait *host, struct completions *completions)
{
    pthread_mutex_lock(&scheduler->lock);
    host->told.completions = completions;
    if (host->wait.finished)
        completions_add(&host->told);
    pthread_mutex_unlock(&scheduler->lock);
}

/* Under the lock: nothing reaches it any more. */
static void end(struct host_wait *host)
{
    wait_leave(&host->wait);
    host->unsent = host->wait.outgoing;
    host->wait.outgoing = NULL;
    if (host->caller) {
        host->caller->open = false;
        caller_forgets(host->caller);
        object_release(&host->caller->object);
    }
    host->caller = NULL;
    if (host->told.completions)
        completions_remove(&host->told);
    if (host->source)
        object_release(&host->source->object);
    host->source = NULL;
}

/* Who receives for the host: the bank that pays for the endpoint pays for the blocks, from now on.  If it cannot, the
 * message stays where it was. */
static int64_t accept(struct endpoint *endpoint, struct host_wait *host)
{
    struct message *message = host->wait.message;
    if (!message->parcel || parcel_accept(message->parcel, endpoint->bank))
        return 0;
    host->refused = endpoint->bank ? bank_tightest(endpoint->bank) : 0;
    transfer_put_back(endpoint, message);
    host->wait.message = NULL;
    return -MOTTE_ERROR_LIMIT_REACHED;
}

int64_t host_ipc_wait(struct scheduler *scheduler, struct host_wait *host, struct deadline deadline)
{
    awake_for_guest(scheduler, &host->over);
    if (parking_sleep_until(&host->over, deadline.exists ? &deadline.at : NULL) == -EINTR)
        return -EINTR;
    pthread_mutex_lock(&scheduler->lock);
    bool finished = host->wait.finished;
    if (finished && host->wait.message && host->wait.kind == WAIT_MESSAGE)
        host->wait.result = accept(host->source, host);
    end(host);
    return unlock(scheduler, finished ? 0 : -MOTTE_ERROR_TIMEOUT);
}

/* What came already goes back to where it came from. */
void host_ipc_cancel(struct scheduler *scheduler, struct host_wait *host)
{
    pthread_mutex_lock(&scheduler->lock);
    struct message *message = host->wait.message;
    host->wait.message = NULL;
    if (message && host->wait.kind == WAIT_MESSAGE)
        transfer_put_back(host->source, message);
    else if (message)
        message_drop(scheduler, message);
    else if (host->wait.bits)
        transfer_notify(host->source, host->wait.bits);
    end(host);
    unlock(scheduler, 0);
}

/* --- the operations ------------------------------------------------------------------------------------------------------- */

static int64_t check(const struct capability *capability, uint32_t right)
{
    if (!capability_is_valid(capability))
        return -MOTTE_ERROR_INVALID_CAP;
    return capability->rights & right ? 0 : -MOTTE_ERROR_NO_ACCESS;
}

static bool sends_receiver(const struct message *message, const struct endpoint *to)
{
    for (uint32_t i = 0; i < message->capability_count; i++)
        if (message->capabilities[i].object == &to->object && message->capabilities[i].rights & MOTTE_RIGHT_RECEIVE)
            return true;
    return false;
}

static int64_t address(const struct capability *sender, struct message *message, struct route *route,
                       struct endpoint **endpoint)
{
    int64_t result = message_address(sender, message, message->capability_count, route, endpoint);
    if (result == 0 && sends_receiver(message, *endpoint))
        result = -MOTTE_ERROR_REQUEST_ERROR;
    if (result == 0 && route->count && message->capability_count)
        result = route_cross(route, message->capabilities, message->capability_count);
    return result;
}

/* What a bank has paid for ends with it: of messages that are queued already, transfer_rescind() sees to that. */
static bool is_paid_for(const struct message *message)
{
    return !message->prepaid || bank_state(message->payer) != BANK_DESTROYED;
}

/* Sends now, or stands in line for room. */
static int64_t dispatch(const struct capability *sender, struct endpoint *endpoint, struct message *message, bool may_wait,
                        struct host_wait *host)
{
    awake_note_start(endpoint->object.scheduler);
    if (!transfer_is_full(endpoint, message)) {
        transfer_send(endpoint, message);
        return 0;
    }
    if (!may_wait)
        return -MOTTE_ERROR_FULL;
    host->wait.kind = WAIT_ROOM;
    host->wait.outgoing = message;
    stand_in_line(host, sender, endpoint);
    return HOST_WAITS;
}

int64_t host_ipc_send(const struct capability *sender, struct message *message, bool may_wait, struct host_wait *host)
{
    struct scheduler *scheduler = lock(sender);
    struct endpoint *endpoint;
    struct route route;
    begin(host, WAIT_ROOM);
    int64_t result = address(sender, message, &route, &endpoint);
    if (result == 0 && !is_paid_for(message))
        result = -MOTTE_ERROR_INVALID_CAP;
    if (result == 0)
        result = dispatch(sender, endpoint, message, may_wait, host);
    if (result < 0)
        host->unsent = message;
    return unlock(scheduler, result);
}

int64_t host_ipc_call(const struct capability *sender, struct message *message, bool may_wait, struct host_wait *host)
{
    struct caller *caller = calloc(1, sizeof *caller);
    struct scheduler *scheduler = lock(sender);
    struct endpoint *endpoint;
    struct route route;
    begin(host, WAIT_ANSWER);
    int64_t result = caller ? address(sender, message, &route, &endpoint) : -MOTTE_ERROR_LIMIT_REACHED;
    if (result == 0 && endpoint->conversation)
        result = -MOTTE_ERROR_REQUEST_ERROR;
    if (result == 0 && !endpoint->receivers)
        result = -MOTTE_ERROR_PEER_CLOSED;
    if (caller) {
        object_begin(&caller->object, OBJECT_CALLER, scheduler);
        host->caller = caller;
    }
    if (result == 0) {
        message->reply = caller_open(caller, &host->wait);
        caller->weak = route.weak;
        caller_crosses(caller, &route);
        host->wait.calls = true;
        result = dispatch(sender, endpoint, message, may_wait, host);
    }
    if (result < 0) {
        end(host);
        host->unsent = message;
    } else {
        result = HOST_WAITS;
    }
    return unlock(scheduler, result);
}

int64_t host_ipc_receive(const struct capability *receiver, struct match match, bool may_wait, struct host_wait *host)
{
    struct scheduler *scheduler = lock(receiver);
    begin(host, WAIT_MESSAGE);
    int64_t result = check(receiver, MOTTE_RIGHT_RECEIVE);
    struct endpoint *endpoint = (struct endpoint *)receiver->object;
    if (result == 0)
        endpoint->host_receives = true;
    bool selects = match.by_tag || match.by_badge;
    if (result == 0 && selects && !endpoint_offers_choice(endpoint))
        result = -MOTTE_ERROR_REQUEST_ERROR;
    if (result == 0) {
        int64_t taken = transfer_receive(endpoint, match, &host->wait.message, &host->wait.bits);
        result = taken < 0 ? taken : !taken;
    }
    if (host->wait.message)
        result = accept(endpoint, host);
    if (host->wait.message)
        message_trace_received(endpoint->object.scheduler, NULL, host->wait.message);
    if (host->wait.message && receiver->weak)
        message_weaken(host->wait.message);
    if (result == HOST_WAITS && may_wait) {
        host->wait.match = match;
        stand_in_line(host, receiver, endpoint);
    } else if (result == HOST_WAITS) {
        result = -MOTTE_ERROR_TIMEOUT;
    }
    return unlock(scheduler, result);
}

int64_t host_ipc_select(const struct capability *const receivers[], uint32_t count, bool may_wait, struct host_wait *host)
{
    const struct match anything = {.by_tag = false};
    struct scheduler *scheduler = lock(receivers[0]);
    begin(host, WAIT_ANY);
    for (uint32_t i = 0; i < count; i++) {
        int64_t result = check(receivers[i], MOTTE_RIGHT_RECEIVE);
        if (receivers[i]->object->scheduler != scheduler)
            result = -MOTTE_ERROR_REQUEST_ERROR;
        if (result < 0)
            return unlock(scheduler, result);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!transfer_is_ready((struct endpoint *)receivers[i]->object, anything))
            continue;
        host->wait.result = i;
        return unlock(scheduler, 0);
    }
    if (!may_wait)
        return unlock(scheduler, -MOTTE_ERROR_TIMEOUT);
    host->wait.several = host->places;
    host->wait.count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct endpoint *endpoint = (struct endpoint *)receivers[i]->object;
        host->places[i].index = i;
        waiter_enter(&host->places[i], &host->wait, receivers[i], endpoint, &endpoint->first_waiter,
                     &endpoint->last_waiter);
    }
    return unlock(scheduler, HOST_WAITS);
}

int64_t host_ipc_reply(struct capability *reply, struct message *answer)
{
    struct scheduler *scheduler = lock(reply);
    if (reply->object->type != OBJECT_CALLER)
        return unlock(scheduler, -MOTTE_ERROR_INVALID_CAP);
    if (capability_is_valid(reply))
        caller_answer((struct caller *)reply->object, answer);
    else
        message_drop(scheduler, answer);
    capability_drop(reply);
    return unlock(scheduler, 0);
}

int64_t host_ipc_notify(const struct capability *sender, uint32_t bits)
{
    struct scheduler *scheduler = lock(sender);
    return unlock(scheduler, transfer_post(sender, bits));
}
