#include "call_frame.h"

#include <string.h>

#include "cells/cell_memory.h"
#include "context.h"
#include "function_call.h"
#include "gates.h"
#include "guest_memory.h"
#include "image.h"
#include "process.h"
#include "slot.h"
#include "stack_growth.h"

/* --- arguments and results ------------------------------------------------------------------------------------------- */

static const unsigned char argument_registers[CALL_GENERAL] = {7, 6, 2, 1, 8, 9}; /* rdi rsi rdx rcx r8 r9 */

/* Below `top`, which is aligned: arguments, return address.  False if the native stack cannot hold them, or if `top`, which
 * native code has as it likes, is not on it. */
static bool write_stack(const struct guest_call *call, uintptr_t top, uintptr_t *stack)
{
    struct process *process = call->process;
    uintptr_t arguments = top - (call->stack_words * 8 + 15) / 16 * 16;
    *stack = arguments - sizeof(uint64_t);
    if (top > slot_stack_top(process->slot) || top < process->native_stack_low)
        return false;
    if (*stack < process->native_stack_low && stack_grow(process, *stack) != STACK_GROWN)
        return false;
    *(uint64_t *)*stack = gate_at(process->slot, FUNCTION_RETURN_GATE);
    memcpy((void *)arguments, call->stack, call->stack_words * 8);
    return true;
}

bool call_frame_make(const struct guest_call *call, uintptr_t top)
{
    struct context *context = slot_context(call->process->slot);
    uintptr_t stack;
    if (!write_stack(call, top, &stack))
        return false;
    for (int i = 0; i < CALL_GENERAL; i++)
        context->registers[argument_registers[i]] = call->general[i];
    for (int i = 0; i < CALL_VECTORS; i++)
        memcpy(context->vectors + XMM_IN_VECTORS + XMM_SIZE * i, &call->vectors[i], sizeof call->vectors[i]);
    context->registers[REGISTER_STACK] = stack;
    context->instruction = call->address;
    context->resume = RESUME_CALL;
    return true;
}

void call_frame_take_results(struct guest_call *call)
{
    const struct context *context = slot_context(call->process->slot);
    call->result = (uint64_t)context->result;
    memcpy(&call->vector_result, context->vectors + XMM_IN_VECTORS, sizeof call->vector_result);
}

/* --- calls inside of functions of the host --------------------------------------------------------------------------- */

void call_frame_keep_gate(struct guest_call *call)
{
    const struct context *context = slot_context(call->process->slot);
    call->outer = (struct gate_state){
        .host_stack = context->host_stack,
        .guest_stack = context->guest_stack,
        .rbx = context->rbx,
        .rbp = context->rbp,
        .r12 = context->r12,
        .r13 = context->r13,
        .r14 = context->r14,
        .r15 = context->r15,
    };
}

void call_frame_restore_gate(const struct guest_call *call)
{
    struct context *context = slot_context(call->process->slot);
    context->resume = RESUME_IN_GATE;
    context->host_stack = call->outer.host_stack;
    context->guest_stack = call->outer.guest_stack;
    context->rbx = call->outer.rbx;
    context->rbp = call->outer.rbp;
    context->r12 = call->outer.r12;
    context->r13 = call->outer.r13;
    context->r14 = call->outer.r14;
    context->r15 = call->outer.r15;
}

void call_frame_note_data_stack(struct guest_call *call)
{
    guest_addr variable = {call->process->image->pointer_variable};
    if (!call->process->host || !copy_in(call->process, &call->data_stack, variable, sizeof call->data_stack))
        call->data_stack = 0;
}

void call_frame_restore_data_stack(struct guest_call *call)
{
    guest_addr variable = {call->process->image->pointer_variable};
    if (call->data_stack)
        copy_out(call->process, variable, &call->data_stack, sizeof call->data_stack);
}
