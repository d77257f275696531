#include "transfer.h"

#include <stddef.h>

#include "bank.h"
#include "conversation.h"
#include "forwarder.h"
#include "message_trace.h"
#include "exchange/block.h"
#include "exchange/parcel.h"
#include "process.h"
#include "scheduler.h"

/* --- the queue ------------------------------------------------------------------------------------------------------------ */

static bool matches(struct match match, const struct message *message)
{
    return (!match.by_tag || message->tag == match.tag) && (!match.by_badge || message->badge == match.badge);
}

static struct scheduler *scheduler_of(const struct endpoint *endpoint)
{
    return endpoint->object.scheduler;
}

static bool has_room(const struct endpoint *endpoint, const struct message *message)
{
    /* What was put back may be too much for a while. */
    return endpoint->queued < endpoint->capacity && endpoint->buffered <= endpoint->buffer
        && message->size <= endpoint->buffer - endpoint->buffered;
}

static void insert_behind(struct endpoint *endpoint, struct message *previous, struct message *message)
{
    struct message **link = previous ? &previous->next : &endpoint->first;
    message->next = *link;
    *link = message;
    if (!message->next)
        endpoint->last = message;
    if (message->prepaid) {
        endpoint->prepaid++;
        return;
    }
    endpoint->queued++;
    endpoint->buffered += message->size;
}

static void enqueue(struct endpoint *endpoint, struct message *message)
{
    if (!endpoint->senders_pay && !message->prepaid)
        message_unpay(message);
    if (message->flags & MOTTE_MESSAGE_PRIORITY) {
        insert_behind(endpoint, endpoint->last_urgent, message);
        endpoint->last_urgent = message;
    } else {
        insert_behind(endpoint, endpoint->last, message);
    }
}

/* The one behind `previous`. */
static struct message *dequeue(struct endpoint *endpoint, struct message *previous)
{
    struct message **link = previous ? &previous->next : &endpoint->first, *message = *link;
    *link = message->next;
    if (endpoint->last == message)
        endpoint->last = previous;
    if (endpoint->last_urgent == message)
        endpoint->last_urgent = previous; /* which is urgent, too, or there is none */
    if (endpoint->looked_at == message)
        endpoint->looked_at = previous;
    message->next = NULL;
    if (message->prepaid) {
        endpoint->prepaid--;
        return message;
    }
    endpoint->queued--;
    endpoint->buffered -= message->size;
    return message;
}

/* --- sending -------------------------------------------------------------------------------------------------------------- */

struct wait *transfer_taker(const struct endpoint *endpoint, const struct message *message)
{
    for (const struct waiter *waiter = endpoint->first_waiter; waiter; waiter = waiter->next)
        if (waiter->wait->kind == WAIT_MESSAGE && matches(waiter->wait->match, message))
            return waiter->wait;
    return NULL;
}

/* Those who wait for any of several endpoints look for themselves.  One may stand in this line more than once: places that
 * were left meanwhile still know who was next. */
static void tell_lookers(struct endpoint *endpoint)
{
    for (struct waiter *waiter = endpoint->first_waiter; waiter; waiter = waiter->next)
        if (waiter->endpoint && waiter->wait->kind == WAIT_ANY)
            wait_finish(waiter->wait, waiter->index, NULL);
}

bool transfer_is_full(const struct endpoint *endpoint, const struct message *message)
{
    bool queues = endpoint->first_sender || !has_room(endpoint, message);
    return queues && !message->prepaid && endpoint->receivers && !transfer_taker(endpoint, message);
}

/* A process that cannot pay for it learns so, and it belongs into the queue: false. */
static bool hand_over(struct endpoint *endpoint, struct wait *taker, struct message *message)
{
    if (!endpoint->senders_pay && !message->prepaid)
        message_unpay(message);
    if (taker->process && !message_pay(message, taker->process->bank)) {
        wait_finish(taker, -MOTTE_ERROR_LIMIT_REACHED, NULL);
        return false;
    }
    if (endpoint->conversation)
        conversation_received(endpoint, message);
    message_trace_received(scheduler_of(endpoint), taker->process, message);
    wait_finish(taker, 0, message);
    return true;
}

void transfer_send(struct endpoint *endpoint, struct message *message)
{
    struct wait *taker = endpoint->receivers ? transfer_taker(endpoint, message) : NULL;
    message_trace_sent(scheduler_of(endpoint), message);
    if (endpoint->conversation)
        conversation_sent(endpoint, message);
    if (!endpoint->receivers) {
        message_drop(scheduler_of(endpoint), message);
    } else if (!taker || !hand_over(endpoint, taker, message)) {
        enqueue(endpoint, message);
        tell_lookers(endpoint);
    }
}

/* There may be room for those who wait for it, in their order. */
static void admit_senders(struct endpoint *endpoint)
{
    struct waiter *waiter;
    while ((waiter = endpoint->first_sender)) {
        struct wait *wait = waiter->wait;
        struct message *message = wait->outgoing;
        if (endpoint->receivers && !has_room(endpoint, message))
            return;
        wait->outgoing = NULL;
        if (wait->calls) {
            wait_leave(wait);
            wait->kind = WAIT_ANSWER;
        } else {
            wait_finish(wait, 0, NULL);
        }
        transfer_send(endpoint, message);
    }
}

/* --- receiving ------------------------------------------------------------------------------------------------------------ */

int64_t transfer_receive(struct endpoint *endpoint, struct match match, struct message **message, uint32_t *bits)
{
    *message = NULL;
    *bits = 0;
    struct message *previous = NULL, *each = endpoint->first;
    while (each && !matches(match, each)) {
        previous = each;
        each = each->next;
    }
    if (endpoint->notification && !match.by_tag && !match.by_badge) {
        *bits = endpoint->notification;
        endpoint->notification = 0;
        return 1;
    }
    if (each) {
        *message = dequeue(endpoint, previous);
        if (endpoint->conversation)
            conversation_received(endpoint, *message);
        if (endpoint->first_sender)
            admit_senders(endpoint);
        return 1;
    }
    return endpoint->senders ? 0 : -MOTTE_ERROR_PEER_CLOSED;
}

bool transfer_is_ready(const struct endpoint *endpoint, struct match match)
{
    if (endpoint->notification || !endpoint->senders)
        return true;
    for (const struct message *each = endpoint->first; each; each = each->next)
        if (matches(match, each))
            return true;
    return false;
}

/* Where there is no room for it meanwhile, whoever could not take it goes on paying for it. */
void transfer_put_back(struct endpoint *endpoint, struct message *message)
{
    struct wait *taker = endpoint->receivers ? transfer_taker(endpoint, message) : NULL;
    bool possible = !endpoint->conversation || conversation_put_back(endpoint, message);
    if (!endpoint->receivers || !possible) {
        message_drop(scheduler_of(endpoint), message);
    } else if (!taker || !hand_over(endpoint, taker, message)) {
        if (has_room(endpoint, message) && !endpoint->senders_pay && !message->prepaid)
            message_unpay(message);
        insert_behind(endpoint, NULL, message);
        if (message->flags & MOTTE_MESSAGE_PRIORITY && !endpoint->last_urgent)
            endpoint->last_urgent = message;
        tell_lookers(endpoint);
    }
}

void transfer_notify(struct endpoint *endpoint, uint32_t bits)
{
    if (!endpoint->receivers)
        return;
    for (struct waiter *waiter = endpoint->first_waiter; waiter; waiter = waiter->next) {
        struct wait *wait = waiter->wait;
        if (wait->kind == WAIT_MESSAGE && !wait->match.by_tag && !wait->match.by_badge) {
            wait->bits = bits;
            wait_finish(wait, 0, NULL);
            return;
        }
    }
    endpoint->notification |= bits;
    tell_lookers(endpoint);
}

int64_t transfer_post(const struct capability *sender, uint32_t bits)
{
    if (!capability_is_valid(sender))
        return -MOTTE_ERROR_INVALID_CAP;
    if (!(sender->rights & MOTTE_RIGHT_SEND))
        return -MOTTE_ERROR_NO_ACCESS;
    struct route route;
    route_find(sender, &route);
    struct endpoint *endpoint = (struct endpoint *)route.end->object;
    if (!bits || endpoint->object.type != OBJECT_ENDPOINT || !(route.rights & MOTTE_RIGHT_SEND) || endpoint->conversation)
        return -MOTTE_ERROR_REQUEST_ERROR;
    transfer_notify(endpoint, bits);
    return 0;
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

void transfer_senders_gone(struct endpoint *endpoint)
{
    struct waiter *waiter;
    while ((waiter = endpoint->first_waiter))
        wait_finish(waiter->wait, waiter->wait->kind == WAIT_ANY ? (int64_t)waiter->index : -MOTTE_ERROR_PEER_CLOSED, NULL);
}

void transfer_receivers_gone(struct endpoint *endpoint)
{
    struct scheduler *scheduler = scheduler_of(endpoint);
    if (endpoint->first) {
        endpoint->last->next = scheduler->dropped_messages;
        scheduler->dropped_messages = endpoint->first;
    }
    endpoint->first = endpoint->last = endpoint->last_urgent = endpoint->looked_at = NULL;
    endpoint->queued = endpoint->prepaid = 0;
    endpoint->buffered = 0;
    endpoint->notification = 0;
    admit_senders(endpoint);
}

/* Receivers may take what was looked at while others have the lock: dequeue() keeps the place.  Those that come meanwhile are
 * not this bank's. */
void transfer_rescind(struct endpoint *endpoint, struct bank *bank)
{
    struct message *each = endpoint->first;
    endpoint->looked_at = NULL;
    for (uint32_t seen = 1; endpoint->prepaid && each; seen++) {
        if (each->prepaid && bank_draws_from(each->payer, bank))
            message_drop(scheduler_of(endpoint), dequeue(endpoint, endpoint->looked_at));
        else
            endpoint->looked_at = each;
        if (seen % DROPPED_AT_ONCE == 0)
            ipc_pause(scheduler_of(endpoint));
        each = endpoint->looked_at ? endpoint->looked_at->next : endpoint->first;
    }
    endpoint->looked_at = NULL;
}

void transfer_end_waits(struct endpoint *endpoint)
{
    struct waiter *const lines[] = {endpoint->first_waiter, endpoint->first_sender};
    for (int i = 0; i < 2; i++)
        for (struct waiter *waiter = lines[i]; waiter; waiter = waiter->next) /* as in tell_lookers */
            if (waiter->endpoint && !capability_is_valid(waiter->by))
                wait_finish(waiter->wait, -MOTTE_ERROR_INVALID_CAP, NULL);
}

/* --- answers -------------------------------------------------------------------------------------------------------------- */

struct capability caller_open(struct caller *caller, struct wait *wait)
{
    caller_forgets(caller);
    caller->number++;
    caller->open = true;
    caller->wait = wait;
    object_retain_under_lock(&caller->object);
    return (struct capability){.object = &caller->object, .stamp = caller->number};
}

void caller_answer(struct caller *caller, struct message *answer)
{
    int64_t result = answer ? 0 : -MOTTE_ERROR_PEER_CLOSED;
    caller->open = false;
    if (answer)
        message_trace_sent(caller->object.scheduler, answer);
    if (answer && caller->membrane_count)
        result = caller_returns(caller, answer);
    caller_forgets(caller);
    if (answer && result == 0 && caller->wait->process && !message_pay(answer, caller->wait->process->bank))
        result = -MOTTE_ERROR_LIMIT_REACHED;
    if (answer && result < 0) {
        message_drop(caller->object.scheduler, answer);
        answer = NULL;
    }
    if (answer && caller->weak)
        message_weaken(answer);
    if (answer)
        message_trace_received(caller->object.scheduler, caller->wait->process, answer);
    wait_finish(caller->wait, result, answer);
}

/* --- afterwards ----------------------------------------------------------------------------------------------------------- */

/* How many capabilities it carries, and itself. */
static uint32_t take_apart(struct message *message)
{
    capability_drop(&message->reply);
    for (uint32_t i = 0; i < message->capability_count; i++)
        capability_drop(&message->capabilities[i]);
    if (message->parcel)
        parcel_drop(message->parcel);
    return 2 + message->capability_count + (message->parcel ? message->parcel->count : 0);
}

/* Their capabilities may be the last to something, with messages of its own: these are dropped in their turn. */
static void take_some_apart(struct scheduler *scheduler)
{
    struct message *some = NULL;
    uint32_t dropped = 0;
    while (dropped < DROPPED_AT_ONCE && scheduler->dropped_messages) {
        struct message *message = scheduler->dropped_messages;
        scheduler->dropped_messages = message->next;
        dropped += take_apart(message);
        message->next = some;
        some = message;
    }
    struct capability_table *table = scheduler->dropped_tables;
    if (table && dropped < DROPPED_AT_ONCE && table_drop_some(table, DROPPED_AT_ONCE - dropped))
        scheduler->dropped_tables = table->next_dropped;
    pthread_mutex_unlock(&scheduler->lock);
    while (some) {
        struct message *message = some;
        some = message->next;
        message_free(NULL, message);
    }
    blocks_bury();
    pthread_mutex_lock(&scheduler->lock);
}

void ipc_settle(struct scheduler *scheduler)
{
    while (ipc_is_unsettled(scheduler))
        take_some_apart(scheduler);
    if (scheduler->ipc_made_ready) {
        scheduler->ipc_made_ready = false;
        schedule(scheduler, NULL);
    }
}

void ipc_pause(struct scheduler *scheduler)
{
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    pthread_mutex_lock(&scheduler->lock);
}
