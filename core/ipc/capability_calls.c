#include <errno.h>
#include <string.h>

#include "bank.h"
#include "calls.h"
#include "endpoint.h"
#include "exchange/berths.h"
#include "forwarder.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "sources.h"
#include "transfer.h"

/* int motte_grant(const char *name) */
int64_t gate_grant(struct process *process, const uint64_t arguments[6])
{
    char name[MOTTE_GRANT_NAME];
    size_t length;
    enum copy_string_result copied =
        copy_in_string(process, name, guest_addr_from_register(arguments[0]), sizeof name, &length);
    if (copied == STRING_UNREADABLE)
        return -MOTTE_ERROR_BAD_ADDRESS;
    for (uint32_t i = 0; copied == STRING_COPIED && i < process->ipc->grant_count; i++)
        if (strcmp(process->ipc->grants[i].name, name) == 0)
            return process->ipc->grants[i].handle;
    return copied == STRING_COPIED ? source_grant(process, name) : -ENOENT;
}

/* A copy into the same table; under the lock. */
static int64_t copy(struct process *process, uint64_t claimed_handle, uint32_t rights, uint32_t badge, bool weak)
{
    const struct capability *entry = table_find(process, claimed_handle);
    int64_t result = entry ? capability_may_copy(entry, badge) : -MOTTE_ERROR_INVALID_CAP;
    if (result < 0)
        return result;
    return table_insert(process, capability_copy(entry, rights, badge, weak));
}

static int64_t copy_locked(struct process *process, uint64_t claimed_handle, uint32_t rights, uint32_t badge, bool weak)
{
    if (!table_reserve(process, 1))
        return -MOTTE_ERROR_LIMIT_REACHED;
    pthread_mutex_lock(&process->scheduler->lock);
    int64_t result = copy(process, claimed_handle, rights, badge, weak);
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* int motte_cap_copy(int capability) */
int64_t gate_cap_copy(struct process *process, const uint64_t arguments[6])
{
    return copy_locked(process, arguments[0], UINT32_MAX, 0, false);
}

/* int motte_cap_restrict(int capability, unsigned rights, unsigned badge, int weak) */
int64_t gate_cap_restrict(struct process *process, const uint64_t arguments[6])
{
    return copy_locked(process, arguments[0], (uint32_t)arguments[1], (uint32_t)arguments[2], (uint32_t)arguments[3]);
}

/* int motte_cap_drop(int capability) */
int64_t gate_cap_drop(struct process *process, const uint64_t arguments[6])
{
    struct scheduler *scheduler = process->scheduler;
    struct capability *entry = table_find(process, arguments[0]);
    if (!entry)
        return -MOTTE_ERROR_INVALID_CAP;
    if (block_of(entry) && block_unmap(process, entry) < 0)
        return -MOTTE_ERROR_LIMIT_REACHED;
    pthread_mutex_lock(&scheduler->lock);
    if (block_of(entry) && !block_of(entry)->bank)
        block_leave_process(block_of(entry), process);
    struct capability dropped = table_take(process, entry);
    capability_drop(&dropped);
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    return 0;
}

/* int motte_cap_revoke(int capability, unsigned badge) */
int64_t gate_cap_revoke(struct process *process, const uint64_t arguments[6])
{
    struct scheduler *scheduler = process->scheduler;
    struct capability *entry = table_find(process, arguments[0]);
    if (!entry)
        return -MOTTE_ERROR_INVALID_CAP;
    pthread_mutex_lock(&scheduler->lock);
    int64_t result = capability_revoke(entry, (uint32_t)arguments[1]);
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}

/* int motte_cap_kind(int capability) */
int64_t gate_cap_kind(struct process *process, const uint64_t arguments[6])
{
    pthread_mutex_lock(&process->scheduler->lock);
    const struct capability *entry = table_find(process, arguments[0]);
    int64_t result = entry && capability_is_valid(entry) ? (int64_t)capability_kind(entry) : -MOTTE_ERROR_INVALID_CAP;
    pthread_mutex_unlock(&process->scheduler->lock);
    return result;
}

/* Two handles to the guest at `claimed_address`, which has been looked at before. */
static int64_t show_two(struct process *process, uint64_t claimed_address, struct capability one, struct capability other)
{
    int32_t handles[2] = {table_insert(process, one), table_insert(process, other)};
    bool shown = copy_out(process, guest_addr_from_register(claimed_address), handles, sizeof handles);
    return shown ? 0 : -MOTTE_ERROR_BAD_ADDRESS;
}

/* Whether two handles can be written there, and put into the table. */
static int64_t prepare_two(struct process *process, uint64_t claimed_address)
{
    guest_addr address = guest_addr_from_register(claimed_address);
    int32_t handles[2];
    if (!copy_in(process, handles, address, sizeof handles) || !copy_out(process, address, handles, sizeof handles))
        return -MOTTE_ERROR_BAD_ADDRESS;
    return table_reserve(process, 2) ? 0 : -MOTTE_ERROR_LIMIT_REACHED;
}

/* int motte_channel_create(unsigned capacity, unsigned long buffer, int handles[2]): to send, to receive */
int64_t gate_channel_create(struct process *process, const uint64_t arguments[6])
{
    struct scheduler *scheduler = process->scheduler;
    struct endpoint *endpoint;
    struct bank *refused;
    int64_t result = prepare_two(process, arguments[2]);
    if (result < 0)
        return result;
    result = endpoint_create(scheduler, process->bank, (uint32_t)arguments[0], arguments[1], &endpoint, &refused);
    if (refused) {
        uint64_t bytes = endpoint_bytes((uint32_t)arguments[0], arguments[1]);
        keeping_refused(process, refused, (bytes + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE);
        bank_release(refused);
    }
    if (result < 0)
        return result;
    struct capability sender, receiver;
    pthread_mutex_lock(&scheduler->lock);
    endpoint_give_out(endpoint, &sender, &receiver);
    pthread_mutex_unlock(&scheduler->lock);
    return show_two(process, arguments[2], sender, receiver);
}

/* int motte_cap_forward(int capability, int membrane, int handles[2]): to give away, to control */
int64_t gate_cap_forward(struct process *process, const uint64_t arguments[6])
{
    struct capability given, control;
    int64_t result = prepare_two(process, arguments[2]);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    const struct capability *entry = table_find(process, arguments[0]);
    result = entry ? forwarder_create(entry, (uint32_t)arguments[1], process->bank, &given, &control)
                   : -MOTTE_ERROR_INVALID_CAP;
    pthread_mutex_unlock(&process->scheduler->lock);
    return result < 0 ? result : show_two(process, arguments[2], given, control);
}

/* int motte_cap_retarget(int control, int capability) */
int64_t gate_cap_retarget(struct process *process, const uint64_t arguments[6])
{
    struct scheduler *scheduler = process->scheduler;
    const struct capability *control = table_find(process, arguments[0]), *target = table_find(process, arguments[1]);
    if (!control || !target)
        return -MOTTE_ERROR_INVALID_CAP;
    if (!(control->rights & MOTTE_RIGHT_REVOKE) || control->object->type != OBJECT_FORWARDER)
        return -MOTTE_ERROR_NO_ACCESS;
    pthread_mutex_lock(&scheduler->lock);
    int64_t result = forwarder_retarget((struct forwarder *)control->object, target);
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}
