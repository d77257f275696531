#define _GNU_SOURCE
#include "cell_turn.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "context.h"
#include "gates.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "worker.h"
#include "cell_memory.h"
#include "pool.h"

/* How long a cell may go on that was asked for its turn: by its own processor time, for it may be the host that has none for it;
 * and in any case. */
static const uint64_t disobedience_ns = 20000000, patience_ns = UINT64_C(5000000000);

/* --- giving -------------------------------------------------------------------------------------------------------------- */

/* What a gate returns with. */
static void copy_saved(struct context *to, const struct context *from)
{
    to->guest_stack = from->guest_stack;
    to->rbx = from->rbx;
    to->rbp = from->rbp;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
}

/* Of verified code's stack, the cell's addresses are the host's. */
static uint64_t displacement(const struct process *process)
{
    return process->slot->cell->displacement;
}

/* What a guest stands with between two instructions. */
static void copy_registers(struct context *to, const struct context *from)
{
    memcpy(to->registers, from->registers, sizeof to->registers);
    to->instruction = from->instruction;
    to->flags = from->flags;
    memcpy(to->vectors, from->vectors, sizeof to->vectors);
}

static void give_context(const struct process *process, struct context *there)
{
    const struct context *here = slot_context(process->slot);
    there->guest_mxcsr = GUEST_MXCSR;
    there->resume = here->resume;
    there->result = here->result;
    copy_saved(there, here);
    there->guest_stack -= displacement(process);
    if (here->resume == RESUME_IN_GATE)
        return;
    copy_registers(there, here);
    there->registers[REGISTER_STACK] -= displacement(process);
}

/* As many of the commands as there is room for. */
static void give_commands(struct cell_memory *memory, struct cell_control *control)
{
    size_t count = memory->command_count < CELL_COMMANDS ? memory->command_count : CELL_COMMANDS;
    memcpy(control->commands, memory->commands, count * sizeof *control->commands);
    control->command_count = (uint32_t)count;
    memory->command_count -= count;
    memmove(memory->commands, memory->commands + count, memory->command_count * sizeof *memory->commands);
}

/* --- waiting ------------------------------------------------------------------------------------------------------------- */

/* Of one that is dead, what it was. */
static uint64_t cell_cpu_ns(const struct cell *cell)
{
    const clockid_t clock = ~cell->pid * 8 | 2; /* as pthread_getcpuclockid makes it; a dead cell's number is not used again */
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec : 0;
}

/* Until somebody changes it, or a signal comes, or a while has passed. */
static void wait_for_change(struct cell_control *control)
{
    const struct timespec while_ = {.tv_nsec = 100000000};
    syscall(SYS_futex, &control->turn, FUTEX_WAIT, CELL_TURN_CELL, &while_, NULL, 0);
}

/* True if the turn came back; false if the cell is dead, or was killed because it would not let go.  One that is not ready yet
 * knows no signals. */
static bool wait_for_turn(struct process *process)
{
    const struct cell_memory *memory = process->slot->cell;
    struct cell *cell = memory->cell;
    struct cell_control *control = cell->control;
    uint64_t asked_ns = 0, used_before = 0;
    while (!cell_has_given(cell)) {
        if (atomic_load(&process->attention)) {
            if (!asked_ns) {
                asked_ns = monotonic_ns();
                used_before = cell_cpu_ns(cell);
            } else if (cell_cpu_ns(cell) - used_before > disobedience_ns || monotonic_ns() - asked_ns > patience_ns) {
                cell_kill(cell);
                return false;
            }
            if (memory->ready)
                cell_interrupt(cell);
        }
        wait_for_change(control);
    }
    return !cell_is_dead(cell, NULL, NULL);
}

/* --- taking -------------------------------------------------------------------------------------------------------------- */

/* The process cannot go on: its cell is not there any more, or what it says cannot be. */
static bool lose(struct process *process)
{
    process->place.in_guest = false;
    process->place.has_access = false;
    process->place.fault = MOTTE_FAULT_CELL_LOST;
    process_stop(process, MOTTE_STOP_FAULTED, 0);
    return false;
}

/* At the stack's top it is behind the entry function: what lies there is the host's page, of which the first bytes are zeros. */
static bool stack_is_possible(const struct process *process, uint64_t stack)
{
    if (process->slot->cell->job.kind == CELL_NATIVE)
        return true; /* it may be anywhere, and the host follows it only as far as it knows of it */
    uintptr_t low = process->native_stack_low, top = slot_stack_top(process->slot);
    return stack % sizeof(uint64_t) == 0 && stack - low <= top - low;
}

/* The call may lend the turn to another process in a cell (ipc/process_ipc.c): its result is that one's then. */
static struct process *who_has_turn(void)
{
    return atomic_load_explicit(&worker_current()->process, memory_order_relaxed);
}

/* True if a guest goes on with the call's result. */
static bool take_call(struct process *process, const struct cell_control *control)
{
    struct context *context = slot_context(process->slot);
    uint32_t number = control->call;
    uint64_t arguments[6];
    memcpy(arguments, control->arguments, sizeof arguments);
    copy_saved(context, &control->context);
    context->guest_stack += displacement(process);
    context->resume = RESUME_IN_GATE;
    if (number >= MOTTE_CALL_COUNT || !stack_is_possible(process, context->guest_stack))
        return lose(process);
    int64_t result = motte_kernel_call(process, number, arguments);
    process = who_has_turn();
    slot_context(process->slot)->result = result;
    return !atomic_load(&process->attention);
}

/* A native guest's addresses are counted from the window's start, as its own. */
static void take_trap(struct process *process, const struct cell_trap *trap)
{
    process->trap = (struct trap){
        .pending = true,
        .signal = trap->signal,
        .code = trap->code,
        .number = trap->number,
        .error = trap->error,
        .address = trap->address + displacement(process),
        .system_call = trap->system_call,
    };
}

static void take_registers(struct process *process, const struct cell_control *control)
{
    struct context *context = slot_context(process->slot);
    copy_registers(context, &control->context);
    context->registers[REGISTER_STACK] += displacement(process);
    context->resume = RESUME_AT_INSTRUCTION;
}

static void take_result(struct process *process, const struct cell_control *control)
{
    struct context *context = slot_context(process->slot);
    context->result = control->context.result;
    context->registers[2] = control->context.registers[2];
    memcpy((char *)context + CONTEXT_XMM, (const char *)&control->context + CONTEXT_XMM, 2 * (size_t)XMM_SIZE);
    context->resume = RESUME_RETURNED;
}

/* True if the guest is to run on at once. */
static bool take(struct process *process, const struct cell_control *control)
{
    switch (control->event) {
    case CELL_CALL:
        return take_call(process, control);
    case CELL_TRAP:
        take_registers(process, control);
        take_trap(process, &control->trap);
        return false;
    case CELL_INTERRUPTED:
        take_registers(process, control);
        return !atomic_load(&process->attention);
    case CELL_RETURNED:
        take_result(process, control);
        return false;
    default:
        return lose(process);
    }
}

/* --- a turn -------------------------------------------------------------------------------------------------------------- */

/* The cell has done its job, and then the commands that are more than one turn has room for. */
static bool prepare(struct process *process, struct cell_memory *memory)
{
    struct cell_control *control = memory->cell->control;
    if (!wait_for_turn(process) || control->event == CELL_FAILED)
        return false;
    memory->ready = true;
    while (memory->command_count > CELL_COMMANDS) {
        give_commands(memory, control);
        control->runs = false;
        if (!cell_give(memory->cell) || !wait_for_turn(process) || control->error)
            return false;
    }
    return !memory->broken;
}

/* Until the turn comes back.  True if there is a guest to go on. */
static bool run_once(struct process *process)
{
    struct cell_memory *memory = process->slot->cell;
    struct cell_control *control = memory->cell->control;
    if (!prepare(process, memory))
        return lose(process);
    if (atomic_load(&process->attention)) /* since it has become ready */
        return false;
    give_context(process, &control->context);
    give_commands(memory, control);
    control->runs = true;
    if (!cell_give(memory->cell) || !wait_for_turn(process) || control->error)
        return lose(process);
    return take(process, control);
}

/* The cell's processor time since somebody looked last, in nanoseconds. */
static uint64_t unseen_ns(struct cell_memory *memory)
{
    uint64_t now = cell_cpu_ns(memory->cell), unseen = now > memory->seen_cpu_ns ? now - memory->seen_cpu_ns : 0;
    memory->seen_cpu_ns += unseen;
    return unseen;
}

/* What a cell does out of its turn (it starts, it comes to rest, it does not obey) is on its process's account. */
static void charge_out_of_turn(struct process *process)
{
    uint64_t unseen = unseen_ns(process->slot->cell);
    pthread_mutex_lock(&process->scheduler->lock);
    process->owed += ns_to_ticks(unseen);
    pthread_mutex_unlock(&process->scheduler->lock);
}

void cell_run(struct process *process)
{
    struct worker *worker = worker_current();
    bool goes_on = true;
    while (goes_on && !atomic_load(&process->attention)) {
        charge_out_of_turn(process);
        goes_on = run_once(process);
        worker->cells_cpu_ns += unseen_ns(process->slot->cell);
        process = who_has_turn();
    }
}
