/* What a program finds at its start, as on Linux: argc, argv, NULL, environment, NULL, auxiliary vector, strings. */
#ifndef MOTTE_INITIAL_BLOCK_H
#define MOTTE_INITIAL_BLOCK_H

#include <stdint.h>

#include "guest_memory.h"

struct process;
struct process_options;

/* Bytes that the block takes, alignment included. */
uint64_t initial_block_size(const struct process_options *options);

/* Writes it just below `top`; *block is the 16-byte-aligned address of argc. 0, or a negative errno. */
int initial_block_write(struct process *process, const struct process_options *options, uint32_t top,
                        guest_addr *block);

#endif
