/* What a program finds at its start, as on Linux: argc, argv, NULL, environment, NULL, auxiliary vector, strings. */
#ifndef MOTTE_INITIAL_BLOCK_H
#define MOTTE_INITIAL_BLOCK_H

#include <stdint.h>

#include "guest_memory.h"

struct process;
struct process_options;

/* Bytes that the block takes, alignment included. */
uint64_t initial_block_size(const struct process_options *options);

/* Writes it; argc lies at `start`, which is 16-byte-aligned. 0, or a negative errno. */
int initial_block_write(struct process *process, const struct process_options *options, guest_addr start);

#endif
