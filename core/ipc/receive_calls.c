/* The kernel calls that receive: from one endpoint, and after an answer; and that wait for one of several. */
#include "calls.h"

#include "endpoint.h"
#include "gate_waits.h"
#include "host_memory.h"
#include "message.h"
#include "message_trace.h"
#include "process.h"
#include "process_ipc.h"
#include "scheduler.h"
#include "transfer.h"

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

static int64_t resolve_receiver(struct process *process, uint64_t claimed_handle, struct capability **entry)
{
    *entry = table_find(process, claimed_handle);
    if (!*entry || !capability_is_valid(*entry))
        return -MOTTE_ERROR_INVALID_CAP;
    bool receives = (*entry)->rights & MOTTE_RIGHT_RECEIVE && (*entry)->object->type == OBJECT_ENDPOINT;
    return receives ? 0 : -MOTTE_ERROR_NO_ACCESS;
}

static struct endpoint *endpoint_received_from(const struct capability *receiver)
{
    return (struct endpoint *)receiver->object;
}

/* Takes what is there, or waits. Under the lock; unlocks. */
static int64_t receive(struct process *process, const struct capability *receiver, struct match match, uint64_t buffer,
                       uint64_t claimed_timeout)
{
    struct process_ipc *ipc = process->ipc;
    struct endpoint *endpoint = endpoint_received_from(receiver);
    endpoint->received_by = process->identity;
    struct message *message;
    uint32_t bits;
    int64_t result = transfer_receive(endpoint, match, &message, &bits);
    if (result < 0 || (result == 0 && claimed_timeout == 0))
        return gate_unlock(process, result < 0 ? result : -MOTTE_ERROR_TIMEOUT);
    gate_begin_wait(process, WAIT_MESSAGE, claimed_timeout);
    ipc->buffer = guest_addr_from_register(buffer);
    ipc->source = endpoint;
    if (result == 0) {
        ipc->wait.match = match;
        waiter_enter(&ipc->wait.single, &ipc->wait, receiver, endpoint, &endpoint->first_waiter, &endpoint->last_waiter);
        return gate_wait(process, NULL);
    }
    ipc->wait.bits = bits;
    ipc->wait.single.by = receiver;
    if (message)
        message_trace_received(process->scheduler, process, message);
    wait_finish_quietly(&ipc->wait, 0, message);
    gate_unlock(process, 0);
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
    if (!gate_prepare_buffer(process, arguments[1]))
        return -MOTTE_ERROR_BAD_ADDRESS;
    pthread_mutex_lock(&process->scheduler->lock);
    result = resolve_receiver(process, arguments[0], &receiver);
    bool selects = match.by_tag || match.by_badge;
    if (result == 0 && selects && !endpoint_offers_choice(endpoint_received_from(receiver)))
        result = -MOTTE_ERROR_REQUEST_ERROR;
    return result < 0 ? gate_unlock(process, result) : receive(process, receiver, match, arguments[1], arguments[3]);
}

/* int motte_reply_receive(int reply, const struct motte_message *answer, int endpoint, struct motte_message *message,
 *                         long timeout) */
int64_t gate_reply_receive(struct process *process, const uint64_t arguments[6])
{
    const struct match anything = {.by_tag = false};
    struct guest_message request;
    struct message *message;
    struct capability *receiver;
    if (!gate_prepare_buffer(process, arguments[3]))
        return -MOTTE_ERROR_BAD_ADDRESS;
    int64_t result = message_fetch(process, arguments[1], &request, &message);
    if (result < 0)
        return result;
    pthread_mutex_lock(&process->scheduler->lock);
    result = resolve_receiver(process, arguments[2], &receiver);
    if (result == 0)
        result = gate_answer(process, arguments[0], &request, message);
    if (result < 0)
        return gate_refuse(process, message, result);
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
            return gate_unlock(process, result);
    }
    for (uint32_t i = 0; i < count; i++)
        if (transfer_is_ready(endpoint_received_from(receivers[i]), anything))
            return gate_unlock(process, i);
    if (arguments[2] == 0)
        return gate_unlock(process, -MOTTE_ERROR_TIMEOUT);
    gate_begin_wait(process, WAIT_ANY, arguments[2]);
    struct wait *wait = &process->ipc->wait;
    for (uint32_t i = 0; i < count; i++) {
        wait->several[i].index = i;
        struct endpoint *endpoint = endpoint_received_from(receivers[i]);
        waiter_enter(&wait->several[i], wait, receivers[i], endpoint, &endpoint->first_waiter, &endpoint->last_waiter);
    }
    return gate_wait(process, NULL);
}
