/* Room in a guest for what a call of one of its functions points to: strings, buffers, structures.
 *
 * It is taken from the data stack, as if the caller had a frame there with these things in it: that costs next to nothing, is
 * given back by putting the pointer back, and needs nothing of the guest's own allocator.  What would take more than half of
 * what is left of the stack gets a mapping of its own.
 *
 * The guest's pointer is a claim: one that is not in the data stack is not used, and any that is can only hurt the guest.
 */
#ifndef MOTTE_CALL_MEMORY_H
#define MOTTE_CALL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_memory.h"

struct process;

enum { CALL_MEMORY_ALIGNMENT = 16 };

struct call_memory {
    guest_addr start;
    uint64_t stack_pointer; /* to be put back; 0: it was not moved */
    uint64_t mapped_pages;  /* 0: it is on the stack */
};

/* So many bytes, more than 0; the process is the calling thread's (function_call_acquire).  False if the bank or the window has no
 * room. What a stretch of the stack holds is whatever was there before. */
bool call_memory_take(struct process *process, uint64_t size, struct call_memory *memory);
void call_memory_give_back(struct process *process, const struct call_memory *memory);

#endif
