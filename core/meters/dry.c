#include <stddef.h>

#include "fair.h"
#include "limits.h"
#include "tree.h"

void meter_announce(struct meter *meter)
{
    struct meter *root = meter->root;
    if (meter->announced)
        return;
    meter->announced = meter->listed = true;
    meter->dry_before = root->last_dry;
    meter->dry_after = NULL;
    *(root->last_dry ? &root->last_dry->dry_after : &root->first_dry) = meter;
    root->last_dry = meter;
}

void meter_unlist(struct meter *meter)
{
    struct meter *root = meter->root;
    if (!meter->listed)
        return;
    meter->listed = false;
    *(meter->dry_before ? &meter->dry_before->dry_after : &root->first_dry) = meter->dry_after;
    *(meter->dry_after ? &meter->dry_after->dry_before : &root->last_dry) = meter->dry_before;
}

struct meter *meters_next_dry(struct meter *root)
{
    struct meter *meter = root->first_dry;
    if (!meter)
        return NULL;
    meter_unlist(meter);
    meter_retain(meter);
    return meter;
}

void meter_settle(struct meter *meter, uint64_t now)
{
    for (; meter; meter = meter->contender.parent) {
        if (meter->has_rate) {
            limits_collect(meter, now);
            limits_schedule(meter);
        }
        bool wanted = meter_ready(meter) > 0;
        bool queued = meter->contender.queue != CONTENDER_NOT_QUEUED;
        if (wanted && limits_block(meter)) {
            wanted = false;
            if (meter_is_dry(meter))
                meter_announce(meter);
        }
        if (!meter->contender.parent || wanted == queued)
            return;
        if (wanted)
            fair_queue(&meter->contender, now);
        else
            fair_dequeue(&meter->contender);
    }
}

bool meters_any_dry(const struct meter *root)
{
    return root->first_dry != NULL;
}
