/* Host memory that is spent on one process: structures, tables, copies of strings.
 *
 * The host's allocator packs blocks of many processes into one page, so a block cannot be charged as the page that it
 * lies in.  Instead banks keep an account of bytes (bank.h): of what the blocks take, the allocator's own overhead
 * included.
 *
 * Like everything that charges: only on the process's own thread, or by its creator before the start.
 */
#ifndef MOTTE_HOST_MEMORY_H
#define MOTTE_HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct process;

/* A zeroed block; NULL if the bank or the host has no more. */
void *host_memory_allocate(struct process *process, size_t size);

/* A block that may move: NULL, and the old one unchanged, as above. The part beyond `old_size` is zeroed. */
void *host_memory_resize(struct process *process, void *block, size_t old_size, size_t size);

/* `size` as it was asked for; `block` may be NULL, whatever the size. */
void host_memory_free(struct process *process, void *block, size_t size);

/* Zeroed, and nobody's: for what is charged otherwise. Free it with free(). */
void *host_memory_zeroed(size_t size);

/* The account alone, for a block that somebody else allocates. */
bool host_memory_charge(struct process *process, size_t size);
void host_memory_refund(struct process *process, size_t size);

#endif
