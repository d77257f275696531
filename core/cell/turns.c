/* The loop of turns. It has no state: what there is to do is in the control pages, each time anew. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "offsets.h"
#include "program.h"
#include "system.h"

_Static_assert(CONTROL_ADDRESS == CELL_CONTROL_BASE, "offsets.h");
_Static_assert(CONTROL_CALL == offsetof(struct cell_control, call), "offsets.h");
_Static_assert(CONTROL_ARGUMENTS == offsetof(struct cell_control, arguments), "offsets.h");
_Static_assert(CONTROL_CONTEXT == offsetof(struct cell_control, context), "offsets.h");

/* How often this side looks before it sleeps.  A host that runs on another processor answers most calls within a
 * microsecond; one that waits for this processor answers when this side sleeps.  Which of them it is was seen the last times. */
enum { LEAST_LOOKS = 2, MOST_LOOKS = 64 };
static uint32_t looks = MOST_LOOKS;

static bool comes_soon(const struct cell_control *control)
{
    for (uint32_t i = 0; i < looks; i++) {
        if (atomic_load_explicit(&control->turn, memory_order_acquire) == CELL_TURN_CELL)
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

static void wait_for_turn(struct cell_control *control)
{
    static uint32_t turns;
    bool soon = comes_soon(control);
    looks = soon || ++turns % MOST_LOOKS == 0 ? MOST_LOOKS : looks > LEAST_LOOKS ? looks / 2 : LEAST_LOOKS;
    while (atomic_load_explicit(&control->turn, memory_order_acquire) != CELL_TURN_CELL)
        system_call(SYS_futex, &control->turn, FUTEX_WAIT, CELL_TURN_HOST);
}

static long do_command(const struct cell_command *command)
{
    if (command->protection > CELL_READ_WRITE)
        return -EINVAL;
    int protection = command->protection == CELL_READ ? PROT_READ : PROT_READ | PROT_WRITE;
    switch (command->kind) {
    case CELL_MAP:
        return system_call(SYS_mmap, command->address, command->size, protection, MAP_SHARED | MAP_FIXED, CELL_STORE,
                           command->offset);
    case CELL_PROTECT:
        return system_call(SYS_mprotect, command->address, command->size, protection);
    case CELL_UNMAP:
        return system_call(SYS_munmap, command->address, command->size);
    default:
        return -EINVAL;
    }
}

/* False: one of them failed, and the control pages say which. */
static bool do_commands(struct cell_control *control)
{
    control->step = control->error = 0;
    for (uint32_t i = 0; i < control->command_count && i < CELL_COMMANDS; i++) {
        long result = do_command(&control->commands[i]);
        if (result < 0) {
            control->step = i + 1;
            control->error = (uint32_t)-result;
            return false;
        }
    }
    return true;
}

_Noreturn static void resume(struct context *context)
{
    if (cell_self.window)
        __asm__ volatile("wrgsbase %0" : : "r"(cell_self.window));
    if (context->resume == RESUME_IN_GATE)
        cell_resume_in_gate(context);
    if (context->resume == RESUME_CALL)
        cell_resume_call(context);
    cell_resume_at_instruction(context);
}

void turn_end(void)
{
    atomic_store_explicit(&cell_control()->turn, CELL_TURN_HOST, memory_order_release);
    system_call(SYS_futex, &cell_control()->turn, FUTEX_WAKE, 1);
}

_Noreturn void turns_take(void)
{
    struct cell_control *control = cell_control();
    for (;;) {
        turn_end();
        wait_for_turn(control);
        if (do_commands(control) && control->runs)
            resume(&control->context);
        control->event = CELL_DONE;
    }
}

_Noreturn void turn_give(enum cell_event event)
{
    cell_control()->event = event;
    turns_take();
}

_Noreturn void turn_of_call(void)
{
    turn_give(CELL_CALL);
}

_Noreturn void turn_of_return(void)
{
    turn_give(CELL_RETURNED);
}
