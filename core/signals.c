#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "code_region.h"
#include "faults.h"
#include "interrupted.h"
#include "process.h"
#include "switch.h"
#include "timers.h"
#include "worker.h"

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { FAULT_SIGNALS = sizeof fault_signals / sizeof *fault_signals };

static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous[FAULT_SIGNALS]; /* under install_lock; handlers read it */
static int interrupt_signal;                     /* constant once installed */

enum { SIGNAL_CHANGE_IDS = 33 };

typedef void signal_handler(int number, siginfo_t *information, void *opaque);
extern signal_handler *motte_change_ids_handler;

/* A signal's action in the kernel's words, which are half as long as the C library's: each start asks for all of them. */
struct kernel_action {
    signal_handler *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static bool look_at(int number, struct kernel_action *action)
{
    return syscall(SYS_rt_sigaction, number, NULL, action, sizeof action->mask) == 0;
}

static signal_handler *entry_of(const char *entry)
{
    return (signal_handler *)(uintptr_t)entry;
}

static void continue_at(ucontext_t *state, const char *label)
{
    state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)label;
}

/* --- our own signal ---------------------------------------------------------------------------------------------- */

/* The signal may be late: its process may have left, or there was no cause.  It may arrive anywhere (the numbers are
 * those in process.h):
 *   - in guest code: its registers are saved, and the guest is left from here;
 *   - on the last instructions before the guest (R1): it is left from here, too, as the context stands;
 *   - just before a host call that waits (R2): the call is not made; in it: the kernel returns EINTR;
 *   - anywhere else in a gate: the flag is looked at before the guest is entered again;
 *   - in the C library's own signal handler, which may itself have interrupted any of these (R3): it is sent again. */
static void interrupt(struct worker *worker, struct process *process, ucontext_t *state)
{
    uintptr_t address = instruction(state);
    if (timer_turn_is_over(&worker->timer))
        process_set_attention(process, true);
    if (!atomic_load(&process->attention))
        return;

    if (code_region_contains(process->region, address)) {
        fault_save_guest(process, state);
        continue_at(state, guest_leave);
    } else if (between(address, guest_enter_check, guest_enter_checked)
               || between(address, motte_call_check, motte_call_checked)) {
        continue_at(state, guest_leave);
    } else if (between(address, motte_gate_check, motte_gate_checked)
               || between(address, motte_reaching_gate_check, motte_reaching_gate_checked)) {
        continue_at(state, guest_leave_gate);
    } else {
        if (process_stop_requested(process) && between(address, checked_syscall_check, checked_syscall_entered))
            continue_at(state, checked_syscall_stopped);
        if (!worker->visits) /* for a visitor the slice thread does, and not while it is in a function of the host's */
            timer_insist(&worker->timer);
    }
}

/* R2, for a worker that has given up its turn. */
static void interrupt_call(struct worker *worker, const struct process *process, ucontext_t *state)
{
    if (!process_stop_requested(process))
        return;
    if (between(instruction(state), checked_syscall_check, checked_syscall_entered))
        continue_at(state, checked_syscall_stopped);
    timer_insist(&worker->timer);
}

/* Like the others below, called by an entry in signal_entries.S, with the host's FS base. */
void motte_on_interrupt(int number, siginfo_t *information, void *opaque)
{
    (void)number;
    struct worker *worker = worker_current();
    int saved_errno = errno;
    if (worker) {
        if (information->si_code == SI_TIMER)
            timer_expired(&worker->timer);
        struct process *process = atomic_load_explicit(&worker->process, memory_order_relaxed);
        struct process *calling = atomic_load_explicit(&worker->calling, memory_order_relaxed);
        if (process)
            interrupt(worker, process, opaque);
        else if (calling)
            interrupt_call(worker, calling, opaque);
    }
    errno = saved_errno;
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

static const struct sigaction *handler_before(int number)
{
    size_t i = 0;
    while (fault_signals[i] != number)
        i++;
    return &previous[i];
}

/* Repeats the signal, for the last time: by raising it if somebody sent it, else by running the instruction again. */
static void die_of(int number, bool sent)
{
    (void)signal(number, SIG_DFL);
    if (sent)
        (void)raise(number);
}

static bool is_pending(int number)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, number);
}

/* Hands a fault that is not ours to the handler before us.  Python's faulthandler, for one, puts back whom it
 * displaced and raises the signal again; that may be us, and then it would go round for ever. */
static void pass_on(int number, siginfo_t *information, void *opaque)
{
    const struct sigaction *before = handler_before(number);
    bool sent = information->si_code <= 0;
    if (before->sa_handler == SIG_IGN && sent)
        return;
    if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
        die_of(number, sent);
        return;
    }
    if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(number, information, opaque);
    else
        before->sa_handler(number);
    if (is_pending(number))
        (void)signal(number, SIG_DFL);
}

void motte_on_fault(int number, siginfo_t *information, void *opaque)
{
    struct worker *worker = worker_current();
    ucontext_t *state = opaque;
    int saved_errno = errno;
    enum fault_outcome outcome = FAULT_NOT_OURS;
    if (information->si_code > 0)
        outcome = fault_catch(worker, number, information, state);
    errno = saved_errno;

    switch (outcome) {
    case FAULT_LEAVE_GUEST:
        continue_at(state, guest_leave);
        break;
    case FAULT_FAIL_COPY:
        continue_at(state, guest_copy_failed);
        break;
    case FAULT_NOT_OURS:
        pass_on(number, information, opaque);
        break;
    }
}

/* --- a signal of the C library's ------------------------------------------------------------------------------------- */

/* It changes the user ids of all threads at once, and nobody may block it: worker.h.  Its handler uses the thread's
 * variables, so it is entered as ours are: motte_change_ids_entry calls it. */
signal_handler *motte_change_ids_handler; /* constant once our entry is in its place */

/* The C library lets nobody have this signal. */
static bool take_change_ids(void)
{
    struct kernel_action action;
    if (!look_at(SIGNAL_CHANGE_IDS, &action))
        return false;
    if (action.handler == entry_of(motte_change_ids_entry))
        return true;
    if (!(action.flags & SA_SIGINFO) || !(action.flags & SA_ONSTACK))
        return false;
    motte_change_ids_handler = action.handler;
    action.handler = entry_of(motte_change_ids_entry);
    return syscall(SYS_rt_sigaction, SIGNAL_CHANGE_IDS, &action, NULL, sizeof action.mask) == 0;
}

int signals_change_ids(void)
{
    pthread_mutex_lock(&install_lock);
    bool taken = take_change_ids();
    pthread_mutex_unlock(&install_lock);
    return taken ? SIGNAL_CHANGE_IDS : 0;
}

/* --- installation ------------------------------------------------------------------------------------------------ */

/* The highest real-time signal that nobody handles. */
static int choose_interrupt(void)
{
    for (int number = SIGRTMAX; number >= SIGRTMIN; number--) {
        struct sigaction current;
        if (sigaction(number, NULL, &current) == 0 && current.sa_handler == SIG_DFL)
            return number;
    }
    return 0;
}

static bool is_in_place(int number, signal_handler *handler)
{
    struct kernel_action action;
    return look_at(number, &action) && action.handler == handler && action.flags & SA_SIGINFO;
}

/* No SA_RESTART: a blocking host call returns EINTR.  All signals are blocked in a handler, so none nests. */
static bool install(int number, signal_handler *handler, struct sigaction *displaced)
{
    if (is_in_place(number, handler))
        return true;
    struct sigaction current, wanted = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&wanted.sa_mask);
    if (sigaction(number, NULL, &current) != 0)
        return false;
    if (current.sa_flags & SA_SIGINFO && current.sa_sigaction == handler)
        return true; /* behind somebody who has put his own before the C library's, as sanitizers do */
    if (displaced)
        *displaced = current;
    return sigaction(number, &wanted, NULL) == 0;
}

bool signals_install(void)
{
    pthread_mutex_lock(&install_lock);
    if (!interrupt_signal)
        interrupt_signal = choose_interrupt();
    bool installed = interrupt_signal && install(interrupt_signal, entry_of(motte_interrupt_entry), NULL);
    for (size_t i = 0; i < FAULT_SIGNALS; i++)
        installed = installed && install(fault_signals[i], entry_of(motte_fault_entry), &previous[i]);
    pthread_mutex_unlock(&install_lock);
    return installed;
}

/* A worker may have held the lock. */
static void after_fork_in_child(void)
{
    pthread_mutex_init(&install_lock, NULL);
}

bool signals_prepare(void)
{
    return signals_install() && pthread_atfork(NULL, NULL, after_fork_in_child) == 0;
}

/* What is kept is when those processes were started for which it was done: that is not later than it was done. */
bool signals_installed_since(uint64_t since)
{
    static _Atomic uint64_t looked, looked_at_all;
    const uint64_t recent_ns = 100000;
    if (atomic_load(&looked) >= since)
        return true;
    bool recently = since - atomic_load(&looked_at_all) < recent_ns;
    bool installed = (recently && is_in_place(SIGSEGV, entry_of(motte_fault_entry))) || signals_install();
    if (!recently && installed)
        atomic_store(&looked_at_all, since);
    if (installed)
        atomic_store(&looked, since);
    return installed;
}

bool signals_allow_visits(void)
{
    bool allowed = signals_install();
    for (int number = 1; allowed && number <= SIGRTMAX; number++) {
        struct kernel_action action;
        bool handled = look_at(number, &action) && (uintptr_t)action.handler > (uintptr_t)SIG_IGN;
        allowed = !handled || action.flags & SA_ONSTACK;
    }
    return allowed;
}

void signals_send(pid_t thread_id)
{
    syscall(SYS_tgkill, getpid(), thread_id, interrupt_signal);
}

int signals_interrupt(void)
{
    return interrupt_signal;
}
