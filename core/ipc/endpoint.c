#include "endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "conversation.h"
#include "exchange/block.h"
#include "message.h"
#include "scheduler.h"
#include "transfer.h"

enum { ALLOCATOR_BYTES = 32 }; /* what the host's allocator adds to a block and its neighbour, at most */

/* --- beginning and end ---------------------------------------------------------------------------------------------------- */

uint64_t endpoint_bytes(uint64_t capacity, uint64_t buffer)
{
    uint64_t each = sizeof(struct message) + MESSAGE_SPARE_ROOM + ALLOCATOR_BYTES;
    return sizeof(struct endpoint) + ALLOCATOR_BYTES + buffer + capacity * each;
}

int endpoint_create(struct scheduler *scheduler, struct bank *bank, uint64_t capacity, uint64_t buffer,
                    struct endpoint **created, struct bank **refused)
{
    *refused = NULL;
    if (capacity < 1 || capacity > MOTTE_CHANNEL_CAPACITY || buffer > capacity * MOTTE_MESSAGE_BYTES)
        return -MOTTE_ERROR_REQUEST_ERROR;
    uint64_t bytes = bank ? endpoint_bytes(capacity, buffer) : 0;
    if (bank && !bank_charge_bytes(bank, bytes, refused))
        return -MOTTE_ERROR_LIMIT_REACHED;
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint) {
        if (bank)
            bank_refund_bytes(bank, bytes);
        return -MOTTE_ERROR_LIMIT_REACHED;
    }
    object_begin(&endpoint->object, OBJECT_ENDPOINT, scheduler);
    endpoint->capacity = (uint32_t)capacity;
    endpoint->buffer = buffer;
    endpoint->bank = bank;
    endpoint->charged_bytes = bytes;
    endpoint->senders_pay = !bank;
    if (bank)
        bank_retain(bank);
    pthread_mutex_lock(&scheduler->lock);
    endpoint->next = scheduler->endpoints;
    endpoint->link = &scheduler->endpoints;
    if (endpoint->next)
        endpoint->next->link = &endpoint->next;
    scheduler->endpoints = endpoint;
    if (bank && bank_state(bank) == BANK_DESTROYED) /* since it was charged */
        endpoint_kill(endpoint);
    pthread_mutex_unlock(&scheduler->lock);
    *created = endpoint;
    return 0;
}

void endpoint_give_out(struct endpoint *endpoint, struct capability *sender, struct capability *receiver)
{
    const uint32_t common = MOTTE_RIGHT_COPY | MOTTE_RIGHT_REVOKE;
    *sender = capability_make(&endpoint->object, common | MOTTE_RIGHT_SEND | MOTTE_RIGHT_BADGE, 0);
    *receiver = capability_make(&endpoint->object, common | MOTTE_RIGHT_RECEIVE, 0);
    object_release(&endpoint->object);
}

static void leave_list(struct endpoint *endpoint)
{
    if (!endpoint->link)
        return;
    *endpoint->link = endpoint->next;
    if (endpoint->next)
        endpoint->next->link = endpoint->link;
    endpoint->link = NULL;
}

/* What is left of a dead one is a little memory, until those who hold it look at it. */
static void stop_paying(struct endpoint *endpoint)
{
    free(endpoint->badges);
    endpoint->badges = NULL;
    endpoint->badge_count = endpoint->badge_room = 0;
    if (!endpoint->bank)
        return;
    bank_refund_bytes(endpoint->bank, endpoint->charged_bytes);
    bank_release(endpoint->bank);
    endpoint->bank = NULL;
}

void endpoint_kill(struct endpoint *endpoint)
{
    if (endpoint->object.dead)
        return;
    endpoint->object.dead = true;
    endpoint->senders = endpoint->receivers = 0;
    transfer_end_waits(endpoint);
    transfer_receivers_gone(endpoint);
    transfer_senders_gone(endpoint);
    stop_paying(endpoint);
    if (endpoint->conversation)
        conversation_end_died(endpoint->conversation);
}

/* New ones come in front, and are not this bank's.  Others get the lock now and then; the endpoint, which they may drop, stays in
 * the list. */
void endpoints_rescind(struct scheduler *scheduler, struct bank *bank)
{
    uint32_t seen = 0;
    pthread_mutex_lock(&scheduler->lock);
    for (struct endpoint *endpoint = scheduler->endpoints, *next; endpoint; endpoint = next) {
        object_retain(&endpoint->object);
        if (!bank || (endpoint->bank && bank_draws_from(endpoint->bank, bank)))
            endpoint_kill(endpoint);
        else if (endpoint->prepaid)
            transfer_rescind(endpoint, bank);
        if (++seen % DROPPED_AT_ONCE == 0)
            ipc_pause(scheduler);
        next = endpoint->next;
        object_release(&endpoint->object);
    }
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    blocks_rescind(scheduler, bank);
}

uint32_t endpoints_mailboxes(struct scheduler *scheduler, struct mailbox *mailboxes, uint32_t most)
{
    uint32_t count = 0;
    pthread_mutex_lock(&scheduler->lock);
    for (const struct endpoint *endpoint = scheduler->endpoints; endpoint; endpoint = endpoint->next) {
        if (!endpoint->queued || !endpoint->received_by)
            continue;
        if (count < most)
            mailboxes[count] = (struct mailbox){endpoint->received_by, endpoint->queued};
        count++;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return count;
}

void endpoint_free(struct endpoint *endpoint)
{
    leave_list(endpoint);
    stop_paying(endpoint);
    if (endpoint->conversation)
        conversation_leave(endpoint);
    else
        free(endpoint);
}

/* --- who can send, who can receive ---------------------------------------------------------------------------------------- */

/* The first one whose value is not less. */
static uint32_t badge_place(const struct endpoint *endpoint, uint32_t value)
{
    uint32_t low = 0, high = endpoint->badge_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (endpoint->badges[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct badge *find_badge(const struct endpoint *endpoint, uint32_t value)
{
    uint32_t place = badge_place(endpoint, value);
    bool found = place < endpoint->badge_count && endpoint->badges[place].value == value;
    return found ? &endpoint->badges[place] : NULL;
}

static bool make_room_for_badge(struct endpoint *endpoint)
{
    if (endpoint->badge_count < endpoint->badge_room)
        return true;
    uint32_t room = endpoint->badge_room ? 2 * endpoint->badge_room : 4;
    uint64_t more = (uint64_t)(room - endpoint->badge_room) * sizeof(struct badge);
    if (room > ENDPOINT_BADGES || (endpoint->bank && !bank_charge_bytes(endpoint->bank, more, NULL)))
        return false;
    struct badge *badges = realloc(endpoint->badges, room * sizeof *badges);
    if (!badges) {
        if (endpoint->bank)
            bank_refund_bytes(endpoint->bank, more);
        return false;
    }
    endpoint->badges = badges;
    endpoint->badge_room = room;
    endpoint->charged_bytes += endpoint->bank ? more : 0;
    return true;
}

/* Whose stamp is older belonged to an earlier use of this badge, and is invalid. */
bool endpoint_prepare_badge(struct endpoint *endpoint, uint32_t badge)
{
    if (find_badge(endpoint, badge))
        return true;
    if (!make_room_for_badge(endpoint))
        return false;
    uint32_t place = badge_place(endpoint, badge);
    memmove(&endpoint->badges[place + 1], &endpoint->badges[place],
            (endpoint->badge_count - place) * sizeof *endpoint->badges);
    endpoint->badges[place] = (struct badge){.value = badge, .valid_from = ++endpoint->object.clock};
    endpoint->badge_count++;
    return true;
}

static void forget_badge(struct endpoint *endpoint, struct badge *badge)
{
    uint32_t place = (uint32_t)(badge - endpoint->badges);
    endpoint->badge_count--;
    memmove(badge, badge + 1, (endpoint->badge_count - place) * sizeof *badge);
}

bool endpoint_admits(const struct endpoint *endpoint, const struct capability *capability)
{
    if (capability->stamp < endpoint->object.valid_from)
        return false;
    if (!capability->badge)
        return true;
    const struct badge *badge = find_badge(endpoint, capability->badge);
    return badge && capability->stamp >= badge->valid_from;
}

/* Where a capability to it sends to. */
static struct endpoint *target(struct endpoint *endpoint)
{
    return endpoint->conversation ? conversation_peer(endpoint) : endpoint;
}

void endpoint_count(struct endpoint *endpoint, const struct capability *capability)
{
    bool sends = capability->rights & MOTTE_RIGHT_SEND;
    target(endpoint)->senders += sends;
    endpoint->receivers += (capability->rights & MOTTE_RIGHT_RECEIVE) != 0;
    if (capability->badge) {
        struct badge *badge = find_badge(endpoint, capability->badge);
        badge->holders++;
        badge->senders += sends;
    }
}

void endpoint_discount(struct endpoint *endpoint, const struct capability *capability)
{
    if (capability->badge) {
        struct badge *badge = find_badge(endpoint, capability->badge);
        badge->senders -= (capability->rights & MOTTE_RIGHT_SEND) != 0;
        if (--badge->holders == 0)
            forget_badge(endpoint, badge);
    }
    if (capability->rights & MOTTE_RIGHT_SEND && --target(endpoint)->senders == 0)
        transfer_senders_gone(target(endpoint));
    if (capability->rights & MOTTE_RIGHT_RECEIVE && --endpoint->receivers == 0)
        transfer_receivers_gone(endpoint);
}

/* --- revoking ------------------------------------------------------------------------------------------------------------- */

static void revoke_badge(struct endpoint *endpoint, uint32_t value)
{
    struct badge *badge = find_badge(endpoint, value);
    if (!badge)
        return;
    uint32_t gone = badge->senders;
    endpoint->object.clock++;
    forget_badge(endpoint, badge);
    endpoint->senders -= gone;
    transfer_end_waits(endpoint);
    if (gone && endpoint->senders == 0)
        transfer_senders_gone(endpoint);
}

/* The one that is kept begins anew. */
void endpoint_revoke(struct endpoint *endpoint, struct capability *kept, uint32_t badge)
{
    if (badge) {
        revoke_badge(endpoint, badge);
        return;
    }
    endpoint->object.valid_from = ++endpoint->object.clock;
    endpoint->badge_count = 0;
    endpoint->senders = endpoint->receivers = 0;
    kept->stamp = endpoint->object.clock;
    if (kept->badge)
        endpoint_prepare_badge(endpoint, kept->badge); /* there was room for it */
    if (kept->badge)
        kept->stamp = endpoint->object.clock;
    endpoint_count(endpoint, kept);
    transfer_end_waits(endpoint);
    if (!endpoint->senders)
        transfer_senders_gone(endpoint);
    if (!endpoint->receivers)
        transfer_receivers_gone(endpoint);
}
