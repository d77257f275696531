/* From a signal's frame to a context: where the guest was interrupted, with all of its registers. */
#ifndef MOTTE_CONTEXT_SAVE_H
#define MOTTE_CONTEXT_SAVE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "context.h"

/* The kernel saves vector registers as XSAVE lays them out, and tells how much of them; what lies behind our components
 * (protection keys, say) is not the guest's.  False if the kernel does not save them. */
static inline bool context_save_vectors(struct context *context, const ucontext_t *state)
{
    enum { SOFTWARE_BYTES = 464, HEADER = 512, LEGACY_SIZE = 512 };
    const uint32_t extended = 0x46505853;
    struct {
        uint32_t magic, whole_size;
        uint64_t components;
        uint32_t size;
    } software;
    const char *saved = (const char *)state->uc_mcontext.fpregs;
    memcpy(&software, saved + SOFTWARE_BYTES, sizeof software);
    if (software.magic != extended)
        return false;
    size_t size = software.size < VECTORS_SIZE ? software.size : VECTORS_SIZE;
    memcpy(context->vectors, saved, size);
    uint64_t components;
    memcpy(&components, saved + HEADER, sizeof components);
    components &= VECTOR_COMPONENTS;
    memset(context->vectors + SOFTWARE_BYTES, 0, LEGACY_SIZE - SOFTWARE_BYTES);
    memset(context->vectors + HEADER, 0, 64);
    memcpy(context->vectors + HEADER, &components, sizeof components);
    return true;
}

static inline bool context_save(struct context *context, const ucontext_t *state)
{
    static const int encoding_order[GENERAL_REGISTERS] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    context->resume = RESUME_AT_INSTRUCTION;
    for (int i = 0; i < GENERAL_REGISTERS; i++)
        context->registers[i] = (uint64_t)state->uc_mcontext.gregs[encoding_order[i]];
    context->instruction = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    context->flags = (uint64_t)state->uc_mcontext.gregs[REG_EFL];
    return context_save_vectors(context, state);
}

#endif
