#include "parcel.h"

#include <stdlib.h>

#include "bank.h"
#include "berths.h"
#include "ipc/message.h"
#include "ipc/process_ipc.h"
#include "process.h"
#include "scheduler.h"
#include "worker.h"

struct parcel *parcel_create(struct worker *worker)
{
    struct parcel *parcel = worker ? worker->spare_parcel : NULL;
    if (!parcel)
        return calloc(1, sizeof *parcel);
    worker->spare_parcel = NULL;
    *parcel = (struct parcel){.count = 0};
    return parcel;
}

void parcel_free(struct worker *worker, struct parcel *parcel)
{
    if (worker && !worker->spare_parcel)
        worker->spare_parcel = parcel;
    else
        free(parcel);
}

/* --- the sender ------------------------------------------------------------------------------------------------------------- */

static bool is_repeated(const struct guest_message *request, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (request->blocks[i] == request->blocks[index])
            return true;
    return false;
}

/* A frozen one stays where it is: a copy goes. */
static int64_t unmap(struct process *process, struct capability *entry, int32_t handle)
{
    struct unmapped_blocks *unmapped = &process->ipc->unmapped;
    uint32_t window_page = entry->window_page;
    if (!window_page || block_of(entry)->pages.frozen)
        return 0;
    int64_t result = block_unmap(process, entry);
    if (result == 0) {
        unmapped->handles[unmapped->count] = handle;
        unmapped->window_pages[unmapped->count++] = window_page;
    }
    return result;
}

static int64_t prepare(struct process *process, const struct guest_message *request, struct parcel *parcel)
{
    struct capability *entries[MOTTE_MESSAGE_BLOCKS];
    for (uint32_t i = 0; i < request->block_count; i++) {
        entries[i] = table_find(process, (uint32_t)request->blocks[i]);
        if (!entries[i] || !block_of(entries[i]) || is_repeated(request, i))
            return -MOTTE_ERROR_INVALID_CAP;
    }
    for (uint32_t i = 0; i < request->block_count; i++) {
        parcel->handles[i] = request->blocks[i];
        parcel->window_pages[i] = entries[i]->window_page;
        int64_t result = unmap(process, entries[i], request->blocks[i]);
        if (result < 0)
            return result;
    }
    parcel->count = request->block_count;
    return 0;
}

int64_t parcel_prepare(struct process *process, const struct guest_message *request, struct message *message)
{
    process->ipc->unmapped.count = 0;
    message->parcel = parcel_create(process->worker);
    return message->parcel ? prepare(process, request, message->parcel) : -MOTTE_ERROR_LIMIT_REACHED;
}

static bool is_shared(const struct capability *capability)
{
    return capability->rights & MOTTE_RIGHT_COPY;
}

int64_t parcel_load(struct process *process, struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        if (!capability_is_valid(table_find(process, (uint32_t)parcel->handles[i])))
            return -MOTTE_ERROR_INVALID_CAP;
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct capability *entry = table_find(process, (uint32_t)parcel->handles[i]);
        if (is_shared(entry)) {
            parcel->blocks[i] = capability_copy(entry, UINT32_MAX, 0, false);
        } else {
            parcel->blocks[i] = table_take(process, entry);
            block_leave_process(block_of(&parcel->blocks[i]), process);
        }
    }
    process->ipc->unmapped.count = 0;
    return 0;
}

/* Its process pays again. */
static void return_block(struct process *process, struct parcel *parcel, uint32_t index)
{
    struct block *block = block_of(&parcel->blocks[index]);
    struct unmapped_blocks *unmapped = &process->ipc->unmapped;
    bank_release(block_change_bank(block, NULL));
    process_take_over(process, block_cost(block));
    table_put_back(process, parcel->handles[index], parcel->blocks[index]);
    parcel->blocks[index].object = NULL;
    if (!parcel->window_pages[index])
        return;
    unmapped->handles[unmapped->count] = parcel->handles[index];
    unmapped->window_pages[unmapped->count++] = parcel->window_pages[index];
}

void parcel_return(struct process *process, struct parcel *parcel)
{
    if (!parcel->count || !parcel->blocks[0].object)
        return; /* it was not loaded */
    process->ipc->unmapped.count = 0;
    for (uint32_t i = 0; i < parcel->count; i++)
        if (!is_shared(&parcel->blocks[i]) && !parcel->blocks[i].object->dead)
            return_block(process, parcel, i);
}

void parcel_map_again(struct process *process)
{
    struct unmapped_blocks *unmapped = &process->ipc->unmapped;
    for (uint32_t i = 0; i < unmapped->count; i++)
        block_map_again(process, unmapped->handles[i], unmapped->window_pages[i]);
    unmapped->count = 0;
}

/* --- on the way ------------------------------------------------------------------------------------------------------------- */

void parcel_drop(struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        capability_drop(&parcel->blocks[i]);
}

void parcel_weaken(struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        parcel->blocks[i].weak = true;
}

/* --- the receiver ----------------------------------------------------------------------------------------------------------- */

static uint64_t cost_of(const struct parcel *parcel, uint32_t index)
{
    return block_cost(block_of(&parcel->blocks[index]));
}

/* Nobody pays for a frozen one by having it; and within a bank nothing changes.  Whose bank pays is for the parcel's owner
 * to change, so that no lock is needed to see it. */
bool parcel_charge(struct process *process, struct parcel *parcel)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < parcel->count; i++) {
        parcel->charged[i] = !is_shared(&parcel->blocks[i]) && block_of(&parcel->blocks[i])->bank != process->bank;
        pages += parcel->charged[i] ? cost_of(parcel, i) : 0;
    }
    return pages == 0 || process_charge_asked(process, pages);
}

void parcel_refund(struct process *process, struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        if (parcel->charged[i])
            process_refund(process, cost_of(parcel, i));
}

/* Under the lock. One that has died on its way is still paid for by who did, until it is buried. */
static void receive_block(struct process *process, struct parcel *parcel, uint32_t index)
{
    struct block *block = block_of(&parcel->blocks[index]);
    uint64_t cost = cost_of(parcel, index);
    if (is_shared(&parcel->blocks[index]))
        return;
    if (block->object.dead) {
        if (parcel->charged[index])
            process_refund(process, cost);
        return;
    }
    struct bank *payer = block_change_bank(block, NULL);
    if (parcel->charged[index])
        bank_refund(payer, cost);
    else
        process_take_over(process, cost);
    bank_release(payer);
}

void parcel_received(struct process *process, struct parcel *parcel)
{
    pthread_mutex_lock(&process->scheduler->lock);
    for (uint32_t i = 0; i < parcel->count; i++)
        receive_block(process, parcel, i);
    pthread_mutex_unlock(&process->scheduler->lock);
    parcel->count = 0;
}

/* --- the host --------------------------------------------------------------------------------------------------------------- */

int64_t parcel_attach(struct message *message, struct capability *capability)
{
    if (!capability_is_valid(capability))
        return -MOTTE_ERROR_INVALID_CAP;
    if (!is_shared(capability) && block_of(capability)->views)
        return -MOTTE_ERROR_BAD_STATE;
    if (!message->parcel)
        message->parcel = parcel_create(NULL);
    struct parcel *parcel = message->parcel;
    if (!parcel || parcel->count == MOTTE_MESSAGE_BLOCKS)
        return parcel ? -MOTTE_ERROR_REQUEST_ERROR : -MOTTE_ERROR_LIMIT_REACHED;
    if (is_shared(capability)) {
        parcel->blocks[parcel->count++] = capability_copy(capability, UINT32_MAX, 0, false);
    } else {
        parcel->blocks[parcel->count++] = *capability;
        capability->object = NULL;
    }
    return 0;
}

static bool changes_hands(const struct parcel *parcel, uint32_t index, const struct bank *bank)
{
    const struct capability *block = &parcel->blocks[index];
    return !is_shared(block) && !block->object->dead && block_of(block)->bank != bank;
}

bool parcel_accept(struct parcel *parcel, struct bank *bank)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; bank && i < parcel->count; i++)
        pages += changes_hands(parcel, i, bank) ? cost_of(parcel, i) : 0;
    if (pages && !bank_charge(bank, pages, NULL))
        return false;
    for (uint32_t i = 0; bank && i < parcel->count; i++) {
        if (!changes_hands(parcel, i, bank))
            continue;
        struct bank *payer = block_change_bank(block_of(&parcel->blocks[i]), bank);
        bank_refund(payer, cost_of(parcel, i));
        bank_release(payer);
    }
    return true;
}
