/* Where a signal found a thread: what every handler asks first. */
#ifndef MOTTE_INTERRUPTED_H
#define MOTTE_INTERRUPTED_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

static inline uintptr_t instruction(const ucontext_t *state)
{
    return (uintptr_t)state->uc_mcontext.gregs[REG_RIP];
}

/* The labels are those of switch.h; `end` is outside. */
static inline bool between(uintptr_t address, const char *start, const char *end)
{
    return address - (uintptr_t)start < (uintptr_t)end - (uintptr_t)start;
}

#endif
