/* The checked block that a process has open: the one that its FS base leads to.
 *
 * It is closed, and the process's next instruction finds nothing there, before anybody else can have it: whatever takes a
 * block from a process happens in a gate of that process, or when it has ended. */
#ifndef MOTTE_EXCHANGE_OPENING_H
#define MOTTE_EXCHANGE_OPENING_H

#include "block.h"

/* What struct process_ipc has of it. */
struct open_block {
    struct block *block; /* NULL: none; if it is frozen, with a view and a reference */
    int32_t handle;
    uint64_t charged; /* pages: who has a frozen one open pays for it, too */
};

/* --- on the process's own worker, without the lock ------------------------------------------------------------------------ */

/* Opens a checked block by this handle, in place of what was open. The guest's address of its first byte, or an error. */
int64_t block_open(struct process *process, int32_t handle, struct capability *entry);

/* Nothing is open any more. */
void block_close(struct process *process);

/* --- under it, when the process has ended --------------------------------------------------------------------------------- */

void block_close_under_lock(struct process *process);

#endif
