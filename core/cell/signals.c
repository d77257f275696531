/* Signals: faults of the guest, and the host's wish to have the turn.
 *
 * A handler writes down where the guest is, and returns into the loop of turns instead of to the guest.  A signal that finds this
 * program is none of the guest's.  The host's wish can wait: the guest gives the turn anyway, or has just got it, and the host
 * repeats what it did not get.  A fault is the end: only a guest that has spoilt this program can bring it here. */
#define _GNU_SOURCE
#include <signal.h>

#include "../context_save.h"
#include "../gates.h"
#include "offsets.h"
#include "program.h"
#include "system.h"

static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, CELL_INTERRUPT};

long signals_take(void)
{
    const struct {
        const char *handler;
        uint64_t flags;
        const char *restorer;
        uint64_t mask;
    } action = {cell_signal_entry, SA_SIGINFO | SA_ONSTACK | 0x04000000 /* SA_RESTORER */, cell_signal_return, ~UINT64_C(0)};
    const stack_t stack = {.ss_sp = cell_signal_stack, .ss_size = CELL_STACK_SIZE};
    long error = system_call(SYS_sigaltstack, &stack, 0);
    for (size_t i = 0; i < sizeof caught / sizeof *caught && error == 0; i++)
        error = system_call(SYS_rt_sigaction, caught[i], &action, 0, sizeof action.mask);
    return error;
}

static bool in_program(uint64_t address)
{
    return address - (uint64_t)__executable_start < (uint64_t)end - (uint64_t)__executable_start;
}

static void note_trap(struct cell_trap *trap, int number, const siginfo_t *information, const ucontext_t *state)
{
    trap->signal = number;
    trap->code = information->si_code;
    trap->number = (uint64_t)state->uc_mcontext.gregs[REG_TRAPNO];
    trap->error = (uint64_t)state->uc_mcontext.gregs[REG_ERR];
    trap->address = (uint64_t)information->si_addr;
    trap->system_call = number == SIGSYS ? information->si_syscall : -1;
}

void signal_catch(int number, const siginfo_t *information, ucontext_t *state)
{
    uint64_t address = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    bool interrupts = number == CELL_INTERRUPT;
    if (interrupts && (in_program(address) || address - cell_self.gates < GATES_SIZE))
        return;
    if (in_program(address))
        system_exit(number == SIGSYS ? CELL_EXIT_FORBIDDEN : CELL_EXIT_BROKEN);
    struct cell_control *control = cell_control();
    note_trap(&control->trap, number, information, state);
    if (!context_save(&control->context, state))
        system_exit(CELL_EXIT_BROKEN);
    control->event = interrupts ? CELL_INTERRUPTED : CELL_TRAP;
    state->uc_mcontext.gregs[REG_RIP] = (greg_t)cell_leave_signal;
    state->uc_mcontext.gregs[REG_EFL] = 2;
}
