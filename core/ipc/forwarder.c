#include "forwarder.h"

#include <stdlib.h>

#include "bank.h"
#include "message.h"
#include "waiting.h"

enum { FORWARDER_BYTES = sizeof(struct forwarder) + 32, MEMBRANE_BYTES = sizeof(struct membrane) + 32 };

static struct forwarder *forwarder_behind(const struct capability *capability)
{
    return capability->object && capability->object->type == OBJECT_FORWARDER ? (struct forwarder *)capability->object : NULL;
}

/* --- membranes ------------------------------------------------------------------------------------------------------------ */

static struct membrane *membrane_create(struct bank *bank, bool wraps)
{
    if (!bank_charge_bytes(bank, MEMBRANE_BYTES, NULL))
        return NULL;
    struct membrane *membrane = calloc(1, sizeof *membrane);
    if (!membrane) {
        bank_refund_bytes(bank, MEMBRANE_BYTES);
        return NULL;
    }
    bank_retain(bank);
    membrane->bank = bank;
    membrane->wraps = wraps;
    membrane->references = 1;
    return membrane;
}

static void membrane_release(struct membrane *membrane)
{
    if (--membrane->references)
        return;
    bank_refund_bytes(membrane->bank, MEMBRANE_BYTES);
    bank_release(membrane->bank);
    free(membrane);
}

/* A forwarder that leads nowhere yet. */
static struct forwarder *add(struct membrane *membrane, struct scheduler *scheduler)
{
    if (membrane->count == MEMBRANE_LIMIT || !bank_charge_bytes(membrane->bank, FORWARDER_BYTES, NULL))
        return NULL;
    struct forwarder *forwarder = calloc(1, sizeof *forwarder);
    if (!forwarder) {
        bank_refund_bytes(membrane->bank, FORWARDER_BYTES);
        return NULL;
    }
    object_begin(&forwarder->object, OBJECT_FORWARDER, scheduler);
    forwarder->membrane = membrane;
    forwarder->next = membrane->first;
    forwarder->link = &membrane->first;
    if (forwarder->next)
        forwarder->next->link = &forwarder->next;
    membrane->first = forwarder;
    membrane->references++;
    membrane->count++;
    return forwarder;
}

void forwarder_free(struct forwarder *forwarder)
{
    struct membrane *membrane = forwarder->membrane;
    capability_drop(&forwarder->target);
    *forwarder->link = forwarder->next;
    if (forwarder->next)
        forwarder->next->link = forwarder->link;
    membrane->count--;
    bank_refund_bytes(membrane->bank, FORWARDER_BYTES);
    free(forwarder);
    membrane_release(membrane);
}

/* Their targets are dropped, so that who is behind them learns that nobody is left. */
void forwarder_cut(struct forwarder *forwarder)
{
    struct membrane *membrane = forwarder->membrane;
    membrane->cut = true;
    for (struct forwarder *each = membrane->first; each; each = each->next) {
        each->object.dead = true;
        capability_drop(&each->target);
    }
}

/* --- making and changing --------------------------------------------------------------------------------------------------- */

static uint32_t depth_of(const struct capability *capability)
{
    uint32_t depth = 0;
    for (const struct forwarder *forwarder = forwarder_behind(capability); forwarder;
         forwarder = forwarder_behind(&forwarder->target))
        depth++;
    return depth;
}

static int64_t check_target(const struct capability *target)
{
    if (!capability_is_valid(target))
        return -MOTTE_ERROR_INVALID_CAP;
    if (!(target->rights & MOTTE_RIGHT_COPY) || target->rights & MOTTE_RIGHT_RECEIVE)
        return -MOTTE_ERROR_NO_ACCESS;
    return depth_of(target) < FORWARDING_DEPTH ? 0 : -MOTTE_ERROR_TOO_DEEP;
}

/* What can be done with a forwarder is what its target allows, but for marking it: badges are the endpoint's. */
static uint32_t rights_to_give(const struct capability *target)
{
    return target->rights & ~(uint32_t)(MOTTE_RIGHT_BADGE | MOTTE_RIGHT_REVOKE);
}

int64_t forwarder_create(const struct capability *target, bool wraps, struct bank *bank, struct capability *given,
                         struct capability *control)
{
    int64_t result = check_target(target);
    if (result < 0)
        return result;
    struct membrane *membrane = membrane_create(bank, wraps);
    struct forwarder *forwarder = membrane ? add(membrane, target->object->scheduler) : NULL;
    if (membrane)
        membrane_release(membrane);
    if (!forwarder)
        return -MOTTE_ERROR_LIMIT_REACHED;
    forwarder->target = capability_copy(target, UINT32_MAX, 0, false);
    *given = capability_make(&forwarder->object, rights_to_give(target), 0);
    *control = capability_make(&forwarder->object, MOTTE_RIGHT_REVOKE | MOTTE_RIGHT_COPY, 0);
    given->weak = target->weak;
    object_release(&forwarder->object);
    return 0;
}

static bool leads_to(const struct capability *capability, const struct object *object)
{
    for (uint32_t i = 0; i <= FORWARDING_DEPTH && capability->object; i++) {
        if (capability->object == object)
            return true;
        const struct forwarder *forwarder = forwarder_behind(capability);
        if (!forwarder)
            return false;
        capability = &forwarder->target;
    }
    return false;
}

/* A way that goes round would lead nowhere; the depth counts from the new target on. */
int64_t forwarder_retarget(struct forwarder *forwarder, const struct capability *target)
{
    int64_t result = check_target(target);
    if (result < 0)
        return result;
    if (forwarder->membrane->wraps || leads_to(target, &forwarder->object))
        return -MOTTE_ERROR_REQUEST_ERROR;
    struct capability before = forwarder->target;
    forwarder->target = capability_copy(target, UINT32_MAX, 0, false);
    capability_drop(&before);
    return 0;
}

/* Others may have been retargeted since: the depth is looked at again. */
bool forwarder_leads_somewhere(const struct forwarder *forwarder)
{
    uint32_t depth = 1;
    const struct forwarder *last = forwarder;
    for (const struct forwarder *next = forwarder_behind(&last->target); next && depth < FORWARDING_DEPTH; depth++) {
        if (next->object.dead)
            return false;
        last = next;
        next = forwarder_behind(&last->target);
    }
    return last->target.object && !forwarder_behind(&last->target) && capability_is_valid(&last->target);
}

/* --- on the way ------------------------------------------------------------------------------------------------------------- */

void route_find(const struct capability *capability, struct route *route)
{
    route->end = capability;
    route->rights = capability->rights;
    route->weak = capability->weak;
    route->count = 0;
    for (const struct forwarder *forwarder = forwarder_behind(capability); forwarder && route->count < FORWARDING_DEPTH;
         forwarder = forwarder_behind(route->end)) {
        route->membranes[route->count++] = forwarder->membrane;
        route->end = &forwarder->target;
        route->rights &= route->end->rights;
        route->weak |= route->end->weak;
    }
}

/* What is to be wrapped: no answer, which is given once and wrapped when it comes. */
static bool needs_wrapping(const struct capability *capability, const struct membrane *membrane)
{
    const struct forwarder *forwarder = forwarder_behind(capability);
    return capability->object->type != OBJECT_CALLER && !(forwarder && forwarder->membrane == membrane);
}

static void wrap(struct capability *capability, struct forwarder *wrapper)
{
    uint32_t rights = rights_to_give(capability);
    bool weak = capability->weak;
    wrapper->target = *capability; /* moved: it stays counted */
    *capability = capability_make(&wrapper->object, rights, 0);
    capability->weak = weak;
    object_release(&wrapper->object);
}

static void unwrap(struct capability *capability)
{
    struct capability wrapped = *capability;
    *capability = capability_copy(&forwarder_behind(&wrapped)->target, wrapped.rights, 0, wrapped.weak);
    capability_drop(&wrapped);
}

static void cross(struct capability *capability, struct membrane *membrane, struct forwarder *wrapper)
{
    if (wrapper)
        wrap(capability, wrapper);
    else if (capability->object->type == OBJECT_FORWARDER)
        unwrap(capability);
    else
        caller_crosses((struct caller *)capability->object, &(struct route){.membranes = {membrane}, .count = 1});
}

static int64_t cross_one(struct membrane *membrane, struct capability *capabilities, uint32_t count)
{
    struct forwarder *wrappers[MOTTE_MESSAGE_CAPABILITIES] = {NULL};
    int64_t result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        const struct object *object = capabilities[i].object;
        if (object->type == OBJECT_CALLER && ((const struct caller *)object)->membrane_count == CALL_MEMBRANES)
            result = -MOTTE_ERROR_TOO_DEEP;
        if (!needs_wrapping(&capabilities[i], membrane))
            continue;
        if (capabilities[i].rights & MOTTE_RIGHT_RECEIVE || !capability_is_valid(&capabilities[i]))
            result = -MOTTE_ERROR_NO_ACCESS;
        else if (depth_of(&capabilities[i]) >= FORWARDING_DEPTH)
            result = -MOTTE_ERROR_TOO_DEEP;
        else
            wrappers[i] = add(membrane, capabilities[i].object->scheduler);
        if (result == 0 && !wrappers[i])
            result = -MOTTE_ERROR_LIMIT_REACHED;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (result == 0)
            cross(&capabilities[i], membrane, wrappers[i]);
        else if (wrappers[i])
            object_release(&wrappers[i]->object);
    }
    return result;
}

int64_t route_cross(const struct route *route, struct capability *capabilities, uint32_t count)
{
    int64_t result = 0;
    for (uint32_t i = 0; i < route->count && result == 0; i++)
        if (route->membranes[i]->wraps)
            result = cross_one(route->membranes[i], capabilities, count);
    return result;
}

/* --- answers ---------------------------------------------------------------------------------------------------------------- */

int64_t caller_crosses(struct caller *caller, const struct route *route)
{
    if (route->count > CALL_MEMBRANES - caller->membrane_count)
        return -MOTTE_ERROR_TOO_DEEP;
    for (uint32_t i = 0; i < route->count; i++) {
        if (!route->membranes[i]->wraps)
            continue;
        route->membranes[i]->references++;
        caller->membranes[caller->membrane_count++] = route->membranes[i];
    }
    return 0;
}

void caller_forgets(struct caller *caller)
{
    while (caller->membrane_count)
        membrane_release(caller->membranes[--caller->membrane_count]);
}

int64_t caller_returns(struct caller *caller, struct message *answer)
{
    int64_t result = 0;
    for (uint32_t i = caller->membrane_count; i > 0 && answer->capability_count && result == 0; i--) {
        struct membrane *membrane = caller->membranes[i - 1];
        while (membrane->cut && answer->capability_count)
            capability_drop(&answer->capabilities[--answer->capability_count]);
        result = cross_one(membrane, answer->capabilities, answer->capability_count);
    }
    return result;
}
