#include "calls.h"
#include "exchange/block.h"
#include "process.h"
#include "process_ipc.h"
#include "worker.h"

static ipc_handler *const handlers[MOTTE_CALL_COUNT - FIRST_IPC_CALL] = {
    [MOTTE_CALL_GRANT - FIRST_IPC_CALL] = gate_grant,
    [MOTTE_CALL_CAP_COPY - FIRST_IPC_CALL] = gate_cap_copy,
    [MOTTE_CALL_CAP_DROP - FIRST_IPC_CALL] = gate_cap_drop,
    [MOTTE_CALL_CAP_RESTRICT - FIRST_IPC_CALL] = gate_cap_restrict,
    [MOTTE_CALL_CAP_REVOKE - FIRST_IPC_CALL] = gate_cap_revoke,
    [MOTTE_CALL_CAP_KIND - FIRST_IPC_CALL] = gate_cap_kind,
    [MOTTE_CALL_CHANNEL_CREATE - FIRST_IPC_CALL] = gate_channel_create,
    [MOTTE_CALL_CAP_FORWARD - FIRST_IPC_CALL] = gate_cap_forward,
    [MOTTE_CALL_CAP_RETARGET - FIRST_IPC_CALL] = gate_cap_retarget,
    [MOTTE_CALL_SEND - FIRST_IPC_CALL] = gate_send,
    [MOTTE_CALL_RECEIVE - FIRST_IPC_CALL] = gate_receive,
    [MOTTE_CALL_CALL - FIRST_IPC_CALL] = gate_call,
    [MOTTE_CALL_REPLY - FIRST_IPC_CALL] = gate_reply,
    [MOTTE_CALL_REPLY_RECEIVE - FIRST_IPC_CALL] = gate_reply_receive,
    [MOTTE_CALL_SELECT - FIRST_IPC_CALL] = gate_select,
    [MOTTE_CALL_NOTIFY - FIRST_IPC_CALL] = gate_notify,
    [MOTTE_CALL_BLOCK_ALLOC - FIRST_IPC_CALL] = gate_block_alloc,
    [MOTTE_CALL_BLOCK_MAP - FIRST_IPC_CALL] = gate_block_map,
    [MOTTE_CALL_BLOCK_UNMAP - FIRST_IPC_CALL] = gate_block_unmap,
    [MOTTE_CALL_BLOCK_SIZE - FIRST_IPC_CALL] = gate_block_size,
    [MOTTE_CALL_BLOCK_SPLIT - FIRST_IPC_CALL] = gate_block_split,
    [MOTTE_CALL_BLOCK_FREEZE - FIRST_IPC_CALL] = gate_block_freeze,
    [MOTTE_CALL_BLOCK_FREE - FIRST_IPC_CALL] = gate_block_free,
    [MOTTE_CALL_BLOCK_ALLOC_CHECKED - FIRST_IPC_CALL] = gate_block_alloc_checked,
    [MOTTE_CALL_BLOCK_OPEN - FIRST_IPC_CALL] = gate_block_open,
    [MOTTE_CALL_BLOCK_COPY - FIRST_IPC_CALL] = gate_block_copy,
};

/* Once the worker has switched, the process may be in other hands: nothing of it is looked at any more. */
int64_t ipc_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6])
{
    const struct worker *worker = process->worker;
    if (!ipc_prepare(process))
        return -MOTTE_ERROR_LIMIT_REACHED;
    int64_t result = handlers[number - FIRST_IPC_CALL](process, arguments);
    blocks_bury();
    if (atomic_load_explicit(&worker->process, memory_order_relaxed) != process)
        return result;
    if (process->ipc->unmapped.count)
        parcel_map_again(process);
    if (process->question.ask != ASK_NOTHING)
        keeping_end_call(process, number, arguments, result);
    return result;
}
