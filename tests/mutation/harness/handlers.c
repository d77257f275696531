/* Sorts signals into what an accepted function may cause and what it may not, and takes the thread back to the harness.
 *
 * Nothing here touches a thread-local variable, since the FS base may be the mutant's, and nothing is called that
 * might. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "arena.h"
#include "surroundings.h"
#include "verifier/decode.h"
#include "watch.h"

enum { TICK_NS = 200000, MOST_STEPS = 400 };

static uint64_t register_of(const ucontext_t *state, int number)
{
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)state->uc_mcontext.gregs[order[number]];
}

static bool in_mutant(uint64_t address)
{
    return address >= watch->first && address < watch->last;
}

static bool in_gates(uint64_t address)
{
    return address - GATES_AT < MOST_GATES * GATE_STRIDE;
}

/* A general-protection fault has no address. It is the alignment that an instruction demands, if its operand is a
 * confined one and not aligned. */
static bool is_misaligned(const ucontext_t *state, uint64_t at)
{
    struct instruction instruction;
    if (!decode((const uint8_t *)at, false, &instruction) || !has_memory(&instruction))
        return false;
    bool in_window = instruction.segment && instruction.address_size;
    bool in_frame = !instruction.segment && !instruction.address_size && instruction.base == STACK_POINTER;
    if (!in_window && !in_frame)
        return false;
    uint64_t address = (uint64_t)(int64_t)instruction.displacement;
    if (instruction.base != NO_REGISTER)
        address += register_of(state, instruction.base);
    if (instruction.index != NO_REGISTER)
        address += register_of(state, instruction.index) << instruction.scale_log2;
    uint64_t width = instruction.encoding == ENCODING_LEGACY ? 16 : UINT64_C(16) << instruction.vector_length;
    return address % width != 0;
}

static enum outcome escaped(const char *how)
{
    watch->result.escape = how;
    return OUTCOME_ESCAPED;
}

static enum outcome sort_fault(int number, const siginfo_t *information, const ucontext_t *state)
{
    uint64_t at = (uint64_t)state->uc_mcontext.gregs[REG_RIP], address = (uint64_t)information->si_addr;
    if (!in_mutant(at))
        return escaped("a fault at an instruction of somebody else");
    switch (number) {
    case SIGSEGV:
        if (information->si_code == SI_KERNEL)
            return is_misaligned(state, at) ? OUTCOME_MISALIGNED : escaped("a general-protection fault");
        if (address >= WINDOW + WINDOW_SIZE && address < WINDOW + WINDOW_SIZE + WIDEST_ACCESS)
            return OUTCOME_PAST_WINDOW;
        if (address < STACK_END - STACK_SIZE && address >= STACK_END - STACK_SIZE - STACK_GUARD)
            return OUTCOME_OVERFLOWED;
        return escaped("an access outside window and frame");
    case SIGFPE:
        return OUTCOME_DIVIDED;
    case SIGILL:
        return memcmp((const void *)at, "\x0f\x0b", 2) == 0 ? OUTCOME_TRAPPED : OUTCOME_UNSUPPORTED;
    default:
        return escaped("an unexpected signal");
    }
}

static void leave(ucontext_t *state, enum outcome outcome)
{
    uint64_t gs_base = __builtin_ia32_rdgsbase64(), at = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    uint64_t stack = (uint64_t)state->uc_mcontext.gregs[REG_RSP];
    watch->result.outcome = outcome;
    watch->result.instruction = at;
    if (gs_base != WINDOW)
        watch->result.outcome = escaped("the window's base changed");
    if (stack > watch->entry_stack || stack < STACK_END - STACK_SIZE - STACK_GUARD)
        watch->result.outcome = escaped("the stack pointer left the stack");
    state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)guest_left;
    state->uc_mcontext.gregs[REG_EFL] = 0x202 | (state->uc_mcontext.gregs[REG_EFL] & FLAG_DIRECTION);
}

static void on_fault(int number, siginfo_t *information, void *opaque)
{
    ucontext_t *state = opaque;
    if (!watch->running) {
        signal(number, SIG_DFL);
        return;
    }
    watch->result.signal = number;
    watch->result.code = information->si_code;
    watch->result.address = (uint64_t)information->si_addr;
    leave(state, sort_fault(number, information, state));
}

/* --- stepping ----------------------------------------------------------------------------------------------------- */

static const char *bad_step(uint64_t at, uint64_t stack)
{
    if (in_gates(at))
        return NULL;
    if (!in_mutant(at))
        return "a step out of the function";
    int32_t height = watch->start.heights[at - watch->first];
    if (height < 0)
        return "a step into the middle of an instruction";
    return stack == watch->entry_stack - (uint64_t)height ? NULL : "a step to another height";
}

static void on_trap(int number, siginfo_t *information, void *opaque)
{
    ucontext_t *state = opaque;
    uint64_t at = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    if (!watch->start.stepping || information->si_code != TRAP_TRACE) {
        watch->result.signal = number;
        leave(state, escaped("a breakpoint instruction, outside all functions"));
        return;
    }
    if (at == (uint64_t)(uintptr_t)guest_return || (!in_mutant(at) && watch->result.steps == 0)) {
        if (at == (uint64_t)(uintptr_t)guest_return)
            state->uc_mcontext.gregs[REG_EFL] &= ~FLAG_TRAP;
        return; /* the harness's own instructions */
    }
    watch->result.steps++;
    const char *problem = bad_step(at, (uint64_t)state->uc_mcontext.gregs[REG_RSP]);
    if (problem)
        leave(state, escaped(problem));
    else if (watch->result.steps == MOST_STEPS)
        state->uc_mcontext.gregs[REG_EFL] &= ~FLAG_TRAP;
}

/* --- endless loops: a run that two ticks find --------------------------------------------------------------------- */

static void on_tick(int number, siginfo_t *information, void *opaque)
{
    (void)number, (void)information;
    ucontext_t *state = opaque;
    uint64_t at = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    if (!watch->running)
        return;
    if (watch->run != watch->run_at_tick) {
        watch->run_at_tick = watch->run;
        return;
    }
    if (in_mutant(at))
        leave(state, OUTCOME_ENDLESS);
    else if (!in_gates(at) && at < UINT64_C(1) << 32)
        leave(state, escaped("an endless loop outside the function"));
}

/* --- installation ------------------------------------------------------------------------------------------------- */

static void handle(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    if (sigaction(number, &action, NULL) != 0)
        give_up("sigaction");
}

void handlers_install(void)
{
    handle(SIGSEGV, on_fault);
    handle(SIGBUS, on_fault);
    handle(SIGFPE, on_fault);
    handle(SIGILL, on_fault);
    handle(SIGTRAP, on_trap);
    handle(SIGALRM, on_tick);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct itimerspec ticks = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &ticks, NULL) != 0)
        give_up("timer");
}
