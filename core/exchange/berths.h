/* Where blocks lie in a process's window: each begins at a berth of the exchange area, and one page behind it at least is
 * free, so that whoever runs off its end faults. */
#ifndef MOTTE_EXCHANGE_BERTHS_H
#define MOTTE_EXCHANGE_BERTHS_H

#include "block.h"

/* On the process's own worker, without locks.  `entry` is of its table, and leads to a block that is alive. */

/* Maps the block, if it is not: at capability->window_page.  0, or -LIMIT_REACHED. */
int64_t block_map(struct process *process, struct capability *entry);

/* The same, where it was before; a checked block is opened again, unless another one is.  Best effort. */
void block_map_again(struct process *process, int32_t handle, uint32_t window_page);

/* Takes it out of the window, if it is mapped; closes it, if it is open.  0, or -LIMIT_REACHED, and nothing has changed. */
int64_t block_unmap(struct process *process, struct capability *entry);

#endif
