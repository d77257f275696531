/* Stacks that grow by faulting, each charged to the process's bank as it grows: the native stack down, the data stack
 * up.
 *
 * Both are mapped contiguously from where they begin to a mark.  A fault between the mark and the stack's limit moves
 * the mark: by as much again as is mapped, and at most by STACK_STEP, so that a process which needs
 * little more than the first page pays for little more.
 */
#ifndef MOTTE_STACK_GROWTH_H
#define MOTTE_STACK_GROWTH_H

#include <stdint.h>

struct process;

enum stack_growth {
    STACK_GROWN,
    STACK_REFUSED,   /* the limit of the stack allows it, but the bank or the host does not */
    STACK_ELSEWHERE, /* the address is in no stack's unmapped part */
};

enum { STACK_STEP = 0x10000 };

/* On the process's own worker. `address` is where a host page fault occurred. */
enum stack_growth stack_grow(struct process *process, uintptr_t address);

#endif
