#include "capability.h"

#include <stdlib.h>
#include <string.h>

#include "conversation.h"
#include "endpoint.h"
#include "exchange/block.h"
#include "forwarder.h"
#include "host_memory.h"
#include "process.h"
#include "process_ipc.h"
#include "service.h"
#include "sources.h"
#include "transfer.h"

static struct endpoint *endpoint_of(struct object *object)
{
    return object->type == OBJECT_ENDPOINT ? (struct endpoint *)object : NULL;
}

static struct caller *caller_of(struct object *object)
{
    return object->type == OBJECT_CALLER ? (struct caller *)object : NULL;
}

/* --- objects ------------------------------------------------------------------------------------------------------------ */

static _Atomic uint64_t last_identity;

void object_begin(struct object *object, enum object_type type, struct scheduler *scheduler)
{
    atomic_init(&object->references, 1);
    object->type = type;
    object->identity = atomic_fetch_add_explicit(&last_identity, 1, memory_order_relaxed) + 1;
    object->scheduler = scheduler;
}

void object_retain(struct object *object)
{
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

void object_release(struct object *object)
{
    if (atomic_fetch_sub(&object->references, 1) != 1)
        return;
    switch (object->type) {
    case OBJECT_ENDPOINT:
        endpoint_free((struct endpoint *)object);
        break;
    case OBJECT_CALLER:
        free(object); /* of a process: its struct process_ipc */
        break;
    case OBJECT_SERVICE:
        service_free((struct service *)object);
        break;
    case OBJECT_BLOCK:
        block_die((struct block *)object);
        break;
    case OBJECT_FORWARDER:
        forwarder_free((struct forwarder *)object);
        break;
    case OBJECT_SOURCE: /* the scheduler's */
        break;
    }
}

/* --- capabilities ------------------------------------------------------------------------------------------------------- */

/* One more. */
static void count(const struct capability *capability)
{
    struct object *object = capability->object;
    if (object->type == OBJECT_ENDPOINT)
        endpoint_count(endpoint_of(object), capability);
    else if (object->type == OBJECT_SERVICE)
        ((struct service *)object)->holders++;
}

struct capability capability_make(struct object *object, uint32_t rights, uint32_t badge)
{
    struct capability capability = {.object = object, .stamp = object->clock, .rights = rights, .badge = badge};
    object_retain(object);
    count(&capability);
    return capability;
}

bool capability_is_valid(const struct capability *capability)
{
    struct object *object = capability->object;
    if (!object || object->dead)
        return false;
    const struct caller *caller = caller_of(object);
    if (caller)
        return caller->open && caller->number == capability->stamp;
    if (object->type == OBJECT_ENDPOINT)
        return endpoint_admits(endpoint_of(object), capability);
    if (object->type == OBJECT_FORWARDER)
        return forwarder_leads_somewhere((const struct forwarder *)object);
    return capability->stamp >= object->valid_from;
}

struct capability capability_copy(const struct capability *capability, uint32_t rights, uint32_t badge, bool weak)
{
    struct capability copy = *capability;
    copy.rights &= rights;
    copy.weak |= weak;
    copy.window_page = 0;
    if (badge && copy.object->type == OBJECT_SOURCE) {
        copy.badge = badge;
        copy.rights &= ~(uint32_t)MOTTE_RIGHT_BADGE;
    } else if (badge) {
        copy.badge = badge;
        copy.rights &= MOTTE_RIGHT_SEND | MOTTE_RIGHT_COPY;
        copy.stamp = copy.object->clock; /* not older than the badge */
    }
    object_retain(copy.object);
    count(&copy);
    return copy;
}

int64_t capability_may_copy(const struct capability *capability, uint32_t badge)
{
    if (!capability_is_valid(capability))
        return -MOTTE_ERROR_INVALID_CAP;
    if (!(capability->rights & MOTTE_RIGHT_COPY))
        return -MOTTE_ERROR_NO_ACCESS;
    if (!badge)
        return 0;
    struct endpoint *endpoint = endpoint_of(capability->object);
    bool is_source = capability->object->type == OBJECT_SOURCE;
    if (!(endpoint || is_source) || !(capability->rights & MOTTE_RIGHT_BADGE))
        return -MOTTE_ERROR_NO_ACCESS;
    return is_source || endpoint_prepare_badge(endpoint, badge) ? 0 : -MOTTE_ERROR_LIMIT_REACHED;
}

int64_t capability_may_move(const struct capability *capability)
{
    const struct endpoint *endpoint = endpoint_of(capability->object);
    if (!capability_is_valid(capability))
        return -MOTTE_ERROR_INVALID_CAP;
    if (capability->object->type == OBJECT_CALLER)
        return 0;
    if (!endpoint || !endpoint->conversation)
        return -MOTTE_ERROR_NO_ACCESS;
    return conversation_may_travel(endpoint) ? 0 : -MOTTE_ERROR_CONTRACT_VIOLATION;
}

struct capability capability_move(struct capability *capability)
{
    struct capability moved = *capability;
    *capability = (struct capability){.object = NULL};
    if (moved.object->type == OBJECT_ENDPOINT)
        transfer_end_waits(endpoint_of(moved.object));
    return moved;
}

/* Of a forwarder whose target is gone, too: it may be of a membrane with others that lead somewhere. */
int64_t capability_revoke(struct capability *capability, uint32_t badge)
{
    bool forwards = capability->object->type == OBJECT_FORWARDER;
    if (!forwards && !capability_is_valid(capability))
        return -MOTTE_ERROR_INVALID_CAP;
    if (!(capability->rights & MOTTE_RIGHT_REVOKE))
        return -MOTTE_ERROR_NO_ACCESS;
    if (forwards)
        forwarder_cut((struct forwarder *)capability->object);
    else if (endpoint_of(capability->object))
        endpoint_revoke(endpoint_of(capability->object), capability, badge);
    else
        return -MOTTE_ERROR_NO_ACCESS;
    return 0;
}

void capability_drop(struct capability *capability)
{
    struct object *object = capability->object;
    if (!object)
        return;
    if (object->type == OBJECT_SERVICE) {
        service_discount((struct service *)object);
    } else if (capability_is_valid(capability)) {
        if (object->type == OBJECT_ENDPOINT)
            endpoint_discount(endpoint_of(object), capability);
        else if (object->type == OBJECT_CALLER)
            caller_answer(caller_of(object), NULL);
    }
    capability->object = NULL;
    object_release(object);
}

enum motte_capability capability_kind(const struct capability *capability)
{
    struct route route;
    route_find(capability, &route);
    capability = route.end->object ? route.end : capability; /* what was cut was a way to send */
    switch (capability->object->type) {
    case OBJECT_CALLER:
        return MOTTE_CAPABILITY_REPLY;
    case OBJECT_BLOCK:
        return MOTTE_CAPABILITY_BLOCK;
    case OBJECT_SERVICE:
        return ((const struct service *)capability->object)->kind;
    case OBJECT_FORWARDER:
        return MOTTE_CAPABILITY_SENDER;
    case OBJECT_SOURCE:
        return source_kind(capability->object);
    default:
        if (((const struct endpoint *)capability->object)->conversation)
            return MOTTE_CAPABILITY_CONVERSATION;
        return capability->rights & MOTTE_RIGHT_RECEIVE ? MOTTE_CAPABILITY_RECEIVER : MOTTE_CAPABILITY_SENDER;
    }
}

/* --- tables --------------------------------------------------------------------------------------------------------------- */

/* Free entries are those without an object; the lowest is used first, as with descriptors. */
static bool grow(struct process *process, uint32_t wanted)
{
    struct capability_table *table = &process->ipc->table;
    uint32_t count = table->count ? table->count : 8;
    while (count - (table->count - table->free) < wanted)
        count *= 2;
    if (count > MOTTE_CAPABILITY_LIMIT)
        return false;
    const size_t size = sizeof *table->entries;
    struct capability *entries = host_memory_resize(process, table->entries, table->count * size, count * size);
    if (!entries)
        return false;
    table->free += count - table->count;
    table->entries = entries;
    table->count = count;
    return true;
}

bool table_reserve(struct process *process, uint32_t count)
{
    return process->ipc->table.free >= count || grow(process, count);
}

int32_t table_insert(struct process *process, struct capability capability)
{
    struct capability_table *table = &process->ipc->table;
    uint32_t index = table->lowest_free;
    while (table->entries[index].object)
        index++;
    table->lowest_free = index + 1;
    table->entries[index] = capability;
    table->free--;
    return (int32_t)index + 1;
}

struct capability *table_find(const struct process *process, uint64_t claimed_handle)
{
    const struct capability_table *table = &process->ipc->table;
    uint32_t index = (uint32_t)claimed_handle - 1;
    if (index >= table->count || !table->entries[index].object)
        return NULL;
    return &table->entries[index];
}

struct capability table_take(struct process *process, struct capability *entry)
{
    struct capability_table *table = &process->ipc->table;
    struct capability taken = *entry;
    uint32_t index = (uint32_t)(entry - table->entries);
    if (index < table->lowest_free)
        table->lowest_free = index;
    table->free++;
    *entry = (struct capability){.object = NULL};
    return taken;
}

void table_put_back(struct process *process, int32_t handle, struct capability capability)
{
    struct capability_table *table = &process->ipc->table;
    table->entries[handle - 1] = capability;
    table->free--;
}

uint32_t table_count_receivers(const struct process *process, const struct object *endpoint)
{
    const struct capability_table *table = &process->ipc->table;
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct capability *entry = &table->entries[i];
        count += entry->object == endpoint && entry->rights & MOTTE_RIGHT_RECEIVE && capability_is_valid(entry);
    }
    return count;
}

bool table_drop_some(struct capability_table *table, uint32_t most)
{
    for (; most && table->undropped; most--)
        capability_drop(&table->entries[--table->undropped]);
    return table->undropped == 0;
}

void table_drop_all(struct process *process)
{
    struct capability_table *table = &process->ipc->table;
    table->undropped = table->count;
    if (table_drop_some(table, DROPPED_AT_ONCE))
        return;
    table->next_dropped = process->scheduler->dropped_tables;
    process->scheduler->dropped_tables = table;
}

void table_free(struct process *process)
{
    struct capability_table *table = &process->ipc->table;
    host_memory_free(process, table->entries, table->count * sizeof *table->entries);
    *table = (struct capability_table){.entries = NULL};
}
