/* The kernel calls about capabilities and messages. */
#ifndef MOTTE_IPC_CALLS_H
#define MOTTE_IPC_CALLS_H

#include <stdint.h>

#include "motte_abi.h"

struct process;

enum { FIRST_IPC_CALL = MOTTE_CALL_GRANT };

/* The result of the gate that the worker is in when this returns: that of another process, if it has switched. */
int64_t ipc_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);

typedef int64_t ipc_handler(struct process *process, const uint64_t arguments[6]);

/* capability_calls.c */
ipc_handler gate_grant;
ipc_handler gate_cap_copy;
ipc_handler gate_cap_drop;
ipc_handler gate_cap_restrict;
ipc_handler gate_cap_revoke;
ipc_handler gate_cap_kind;
ipc_handler gate_channel_create;
ipc_handler gate_cap_forward;
ipc_handler gate_cap_retarget;

/* send_calls.c, receive_calls.c */
ipc_handler gate_send;
ipc_handler gate_receive;
ipc_handler gate_call;
ipc_handler gate_reply;
ipc_handler gate_reply_receive;
ipc_handler gate_select;
ipc_handler gate_notify;

/* exchange/block_calls.c */
ipc_handler gate_block_alloc;
ipc_handler gate_block_map;
ipc_handler gate_block_unmap;
ipc_handler gate_block_size;
ipc_handler gate_block_split;
ipc_handler gate_block_freeze;
ipc_handler gate_block_free;
ipc_handler gate_block_alloc_checked;
ipc_handler gate_block_open;

/* exchange/block_copy.c */
ipc_handler gate_block_copy;

#endif
