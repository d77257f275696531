#include "message.h"

#include <stdlib.h>

#include "bank.h"
#include "conversation.h"
#include "endpoint.h"
#include "exchange/parcel.h"
#include "forwarder.h"
#include "process.h"
#include "scheduler.h"
#include "service.h"
#include "worker.h"

/* --- memory --------------------------------------------------------------------------------------------------------------- */

struct message *message_create(struct worker *worker, uint32_t size)
{
    struct message *message = worker && size <= MESSAGE_SPARE_ROOM ? worker->spare_message : NULL;
    uint32_t room = size > MESSAGE_SPARE_ROOM ? size : MESSAGE_SPARE_ROOM;
    if (message)
        worker->spare_message = NULL;
    else
        message = malloc(sizeof *message + room);
    if (!message)
        return NULL;
    message->next = NULL;
    message->size = size;
    message->room = room;
    message->identity = message->sender = message->traced_as = 0;
    message->rights = message->badge = message->flags = message->tag = 0;
    message->reply.object = NULL;
    message->capability_count = 0;
    message->parcel = NULL;
    message->payer = NULL;
    message->prepaid = false;
    return message;
}

struct message *message_prepay(struct bank *bank, struct bank **refused)
{
    *refused = NULL;
    struct message *message = message_create(NULL, 0);
    if (!message)
        return NULL;
    if (!bank_charge_bytes(bank, message_footprint(message), refused)) {
        message_free(NULL, message);
        return NULL;
    }
    bank_retain(bank);
    message->payer = bank;
    message->prepaid = true;
    return message;
}

bool message_pay(struct message *message, struct bank *bank)
{
    if (message->payer || message->room <= MESSAGE_SPARE_ROOM)
        return true;
    if (!bank_charge_bytes(bank, message_footprint(message), NULL))
        return false;
    bank_retain(bank);
    message->payer = bank;
    return true;
}

void message_unpay(struct message *message)
{
    if (!message->payer)
        return;
    bank_refund_bytes(message->payer, message_footprint(message));
    bank_release(message->payer);
    message->payer = NULL;
}

void message_free(struct worker *worker, struct message *message)
{
    message_unpay(message);
    if (message->parcel)
        parcel_free(worker, message->parcel);
    if (worker && !worker->spare_message && message->room == MESSAGE_SPARE_ROOM)
        worker->spare_message = message;
    else
        free(message);
}

/* Not at once: what is dropped with a message may be the last of an endpoint, with messages of its own. */
void message_drop(struct scheduler *scheduler, struct message *message)
{
    message->next = scheduler->dropped_messages;
    scheduler->dropped_messages = message;
}

uint64_t message_footprint(const struct message *message)
{
    return sizeof *message + message->room;
}

/* --- from a guest ----------------------------------------------------------------------------------------------------------- */

int64_t message_fetch(struct process *process, uint64_t claimed_address, struct guest_message *request,
                      struct message **fetched)
{
    if (!copy_in(process, request, guest_addr_from_register(claimed_address), sizeof *request))
        return -MOTTE_ERROR_BAD_ADDRESS;
    if (request->size > MOTTE_MESSAGE_BYTES || request->capability_count > MOTTE_MESSAGE_CAPABILITIES
        || request->block_count > MOTTE_MESSAGE_BLOCKS || request->flags & ~(uint32_t)MOTTE_MESSAGE_PRIORITY)
        return -MOTTE_ERROR_REQUEST_ERROR;
    struct message *message = message_create(worker_current(), request->size);
    if (!message)
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (request->size
        && !copy_in(process, message->bytes, guest_addr_from_register(request->bytes), request->size)) {
        message_free(worker_current(), message);
        return -MOTTE_ERROR_BAD_ADDRESS;
    }
    message->tag = request->tag;
    message->flags = request->flags;
    message->sender = process->identity;
    int64_t result = request->block_count ? parcel_prepare(process, request, message) : 0;
    if (result < 0)
        message_free(worker_current(), message);
    *fetched = message;
    return result;
}

/* What moves cannot be there twice. */
static int64_t check_handle(struct process *process, const struct guest_message *request, uint32_t index,
                            struct capability **entry)
{
    *entry = table_find(process, (uint32_t)request->capabilities[index]);
    if (!*entry || !capability_is_valid(*entry))
        return -MOTTE_ERROR_INVALID_CAP;
    if ((*entry)->rights & MOTTE_RIGHT_COPY)
        return 0;
    for (uint32_t i = 0; i < index; i++)
        if (request->capabilities[i] == request->capabilities[index])
            return -MOTTE_ERROR_INVALID_CAP;
    return capability_may_move(*entry);
}

int64_t message_load(struct process *process, const struct guest_message *request, struct message *message)
{
    struct capability *entries[MOTTE_MESSAGE_CAPABILITIES];
    for (uint32_t i = 0; i < request->capability_count; i++) {
        int64_t result = check_handle(process, request, i, &entries[i]);
        if (result < 0)
            return result;
    }
    int64_t result = message->parcel ? parcel_load(process, message->parcel) : 0;
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < request->capability_count; i++) {
        message->handles[i] = request->capabilities[i];
        message->capabilities[i] = entries[i]->rights & MOTTE_RIGHT_COPY
                                     ? capability_copy(entries[i], UINT32_MAX, 0, false)
                                     : table_take(process, entries[i]);
    }
    message->capability_count = request->capability_count;
    return 0;
}

void message_unload(struct process *process, struct message *message)
{
    for (uint32_t i = 0; i < message->capability_count; i++) {
        struct capability *moved = &message->capabilities[i];
        if (!moved->object || moved->rights & MOTTE_RIGHT_COPY)
            continue;
        table_put_back(process, message->handles[i], *moved);
        moved->object = NULL;
    }
}

int64_t message_address(const struct capability *sender, struct message *message, uint32_t capabilities,
                        struct route *route, struct endpoint **endpoint)
{
    if (!capability_is_valid(sender))
        return -MOTTE_ERROR_INVALID_CAP;
    route_find(sender, route);
    if (!(route->rights & MOTTE_RIGHT_SEND))
        return -MOTTE_ERROR_NO_ACCESS;
    struct object *object = route->end->object;
    *endpoint = (struct endpoint *)object;
    if (object->type == OBJECT_SERVICE) {
        *endpoint = ((struct service *)object)->server;
        message->identity = ((struct service *)object)->identity;
    }
    if (object->type == OBJECT_ENDPOINT && (*endpoint)->conversation) {
        *endpoint = conversation_peer(*endpoint);
        int64_t result = conversation_allows(*endpoint, message, capabilities);
        if (result < 0)
            return result;
    }
    message->badge = route->end->badge;
    message->rights = route->rights;
    message->flags |= route->weak ? MOTTE_MESSAGE_WEAK : 0;
    return message->size > (*endpoint)->buffer ? -MOTTE_ERROR_REQUEST_ERROR : 0;
}

/* --- to a guest ------------------------------------------------------------------------------------------------------------- */

static uint32_t blocks_in(const struct message *message)
{
    return message->parcel ? message->parcel->count : 0;
}

/* The handles are known before they are given out: a guest that cannot be told of them does not get them. */
static void install(struct process *process, struct guest_message *shown, struct message *message)
{
    shown->reply = 0;
    if (message->reply.object)
        shown->reply = table_insert(process, message->reply);
    shown->capability_count = message->capability_count;
    for (uint32_t i = 0; i < MOTTE_MESSAGE_CAPABILITIES; i++)
        shown->capabilities[i] =
            i < message->capability_count ? table_insert(process, message->capabilities[i]) : 0;
    shown->block_count = blocks_in(message);
    for (uint32_t i = 0; i < MOTTE_MESSAGE_BLOCKS; i++)
        shown->blocks[i] = i < blocks_in(message) ? table_insert(process, message->parcel->blocks[i]) : 0;
}

static void take_back(struct process *process, const struct guest_message *shown, struct message *message)
{
    if (shown->reply)
        message->reply = table_take(process, table_find(process, (uint32_t)shown->reply));
    for (uint32_t i = 0; i < message->capability_count; i++)
        message->capabilities[i] = table_take(process, table_find(process, (uint32_t)shown->capabilities[i]));
    for (uint32_t i = 0; i < blocks_in(message); i++)
        message->parcel->blocks[i] = table_take(process, table_find(process, (uint32_t)shown->blocks[i]));
}

int64_t message_deliver(struct process *process, guest_addr address, struct message *message)
{
    struct guest_message shown;
    if (!copy_in(process, &shown, address, sizeof shown))
        return -MOTTE_ERROR_BAD_ADDRESS;
    bool fits = message->size <= shown.room;
    shown.size = message->size;
    shown.tag = message->tag;
    shown.badge = message->badge;
    shown.flags = message->flags | (message->reply.object ? MOTTE_MESSAGE_CALL : 0);
    if (!fits) {
        shown.reply = 0;
        shown.capability_count = shown.block_count = 0;
        bool told = copy_out(process, address, &shown, sizeof shown);
        return told ? -MOTTE_ERROR_REQUEST_ERROR : -MOTTE_ERROR_BAD_ADDRESS;
    }
    uint32_t wanted = message->capability_count + (message->reply.object != NULL) + blocks_in(message);
    if (wanted && !table_reserve(process, wanted))
        return -MOTTE_ERROR_LIMIT_REACHED;
    if (message->size && !copy_out(process, guest_addr_from_register(shown.bytes), message->bytes, message->size))
        return -MOTTE_ERROR_BAD_ADDRESS;
    if (blocks_in(message) && !parcel_charge(process, message->parcel))
        return -MOTTE_ERROR_LIMIT_REACHED;
    install(process, &shown, message);
    if (!copy_out(process, address, &shown, sizeof shown)) {
        take_back(process, &shown, message);
        if (blocks_in(message))
            parcel_refund(process, message->parcel);
        return -MOTTE_ERROR_BAD_ADDRESS;
    }
    if (blocks_in(message))
        parcel_received(process, message->parcel);
    message->reply.object = NULL;
    message->capability_count = 0;
    return 0;
}

int64_t message_deliver_bits(struct process *process, guest_addr address, uint32_t bits)
{
    struct guest_message shown;
    if (!copy_in(process, &shown, address, sizeof shown))
        return -MOTTE_ERROR_BAD_ADDRESS;
    shown.size = 0;
    shown.tag = bits;
    shown.badge = 0;
    shown.flags = MOTTE_MESSAGE_NOTIFICATION;
    shown.reply = 0;
    shown.capability_count = shown.block_count = 0;
    return copy_out(process, address, &shown, sizeof shown) ? 0 : -MOTTE_ERROR_BAD_ADDRESS;
}
