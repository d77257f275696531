/* The parts of the cell's program, in the order in which they have the word.  main.c says what it is for. */
#ifndef MOTTE_CELL_PROGRAM_H
#define MOTTE_CELL_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "motte_abi.h"
#include "protocol.h"
#include "warden_protocol.h"

/* --- the warden's beginning ------------------------------------------------------------------------------------------ */

/* namespaces.c: enters new ones, and says which; those of processes begins with the next one that is forked. */
uint32_t namespaces_enter(void);
/* An empty root, and no way back, in a mount namespace of its own or without. */
bool namespaces_empty_root(void);

/* privileges.c: gives up, for ever and for all cells, whatever can be given up. Features, or a negative errno. */
long privileges_drop(void);
/* This process dies with its parent. */
void privileges_die_with_parent(void);

/* warden.c: until the host closes the socket. */
_Noreturn void warden_serve(void);

/* --- a cell's beginning ------------------------------------------------------------------------------------------------ */

/* What a cell has to remember of its job. */
struct cell_self {
    uint64_t window; /* of CELL_CONFINED: the GS base of the guest; else 0 */
    uint64_t gates;
};
extern struct cell_self cell_self;

/* job.c: in a process that the warden has just forked, whose socket is CELL_SOCKET. */
_Noreturn void job_begin(void);

/* The answer to a job that failed, if there are control pages. */
_Noreturn void job_fail(enum cell_step step, long error);

/* gates.c, signals.c, privileges.c, filter.c: the steps of a job. A negative errno where one fails. */
long gates_map(uint64_t address);
long signals_take(void);
long privileges_limit(bool denies_clock);
long filter_install(const struct cell_job *job);

/* --- turns ----------------------------------------------------------------------------------------------------------------- */

static inline struct cell_control *cell_control(void)
{
    uint64_t address = CELL_CONTROL_BASE;
    __asm__("" : "+r"(address)); /* tools take a constant address for a mistake */
    return (struct cell_control *)address;
}

/* turns.c: gives the turn to the host, because of this event; goes on with the guest, when the host says so. */
_Noreturn void turn_give(enum cell_event event);

/* The same, with the event that is in the control pages; called by the assembly. */
_Noreturn void turns_take(void);
_Noreturn void turn_of_call(void);
_Noreturn void turn_of_return(void);

/* Only tells the host that it has the turn. */
void turn_end(void);

/* What switch.S calls first; and in a signal's handler, on a stack for that, with all signals blocked. */
_Noreturn void cell_main(void);
void signal_catch(int number, const siginfo_t *information, ucontext_t *state);

/* --- switch.S ---------------------------------------------------------------------------------------------------------------- */

extern const char cell_gate[], cell_function_return[], cell_leave_signal[], cell_signal_entry[], cell_signal_return[];
extern char cell_signal_stack[];
_Noreturn void cell_resume_in_gate(struct context *context);
_Noreturn void cell_resume_call(struct context *context);
_Noreturn void cell_resume_at_instruction(struct context *context);

/* The linker's: this program. */
extern const char __executable_start[], end[]; /* NOLINT(bugprone-reserved-identifier): these are their names */

#endif
