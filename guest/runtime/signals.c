/*
 * Signals of a process to itself.
 *
 * No signal ever arrives from outside: the host ends a process, it does not
 * interrupt one.  What programs do use is `raise`, `abort`, and `kill` of
 * themselves, with handlers that they installed.  So dispositions, the blocked
 * set and pending signals are kept here, a handler runs synchronously as an
 * ordinary call, and only a default action goes to the host, through `tkill`.
 */

#include <errno.h>
#include <string.h>
#include "pthread_impl.h"
#include "motte_runtime.h"

#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define IGNORED_BY_DEFAULT \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))

static struct sigaction actions[_NSIG];
static siginfo_t pending_information[_NSIG];
static unsigned long pending;
static unsigned long blocked;

unsigned long __motte_signal_mask(void)
{
    return blocked;
}

unsigned long __motte_pending_signals(void)
{
    return pending;
}

static void run_handler(int signal, const siginfo_t *information)
{
    struct sigaction action = actions[signal];
    siginfo_t copy = *information;
    unsigned long mask_before = blocked;

    blocked |= action.sa_mask.__bits[0] & ~NEVER_BLOCKED;
    if (!(action.sa_flags & SA_NODEFER))
        blocked |= SIGNAL_BIT(signal);
    if (action.sa_flags & SA_RESETHAND)
        actions[signal].sa_handler = SIG_DFL;
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction(signal, &copy, 0);
    else
        action.sa_handler(signal);
    __motte_set_signal_mask(mask_before);
}

void __motte_send_signal(int signal, const siginfo_t *information)
{
    if (blocked & SIGNAL_BIT(signal)) {
        pending_information[signal] = *information;
        pending |= SIGNAL_BIT(signal);
    } else if (actions[signal].sa_handler == SIG_DFL) {
        if (!(SIGNAL_BIT(signal) & IGNORED_BY_DEFAULT))
            __syscall(SYS_tkill, __pthread_self()->tid, signal);
    } else if (actions[signal].sa_handler != SIG_IGN) {
        run_handler(signal, information);
    }
}

int __motte_take_pending_signal(unsigned long set, siginfo_t *information)
{
    unsigned long candidates = pending & set;

    if (!candidates)
        return 0;
    int signal = a_ctz_64(candidates) + 1;
    pending &= ~SIGNAL_BIT(signal);
    *information = pending_information[signal];
    return signal;
}

void __motte_set_signal_mask(unsigned long mask)
{
    siginfo_t information;
    int signal;

    blocked = mask & ~NEVER_BLOCKED;
    while ((signal = __motte_take_pending_signal(~blocked, &information)))
        __motte_send_signal(signal, &information);
}

int __libc_sigaction(int signal, const struct sigaction *restrict new, struct sigaction *restrict old)
{
    struct sigaction before = actions[signal];

    if (new)
        actions[signal] = *new;
    if (old)
        *old = before;
    return 0;
}

int __sigaction(int signal, const struct sigaction *restrict new, struct sigaction *restrict old)
{
    if (signal < 1 || signal >= _NSIG || (new && (SIGNAL_BIT(signal) & NEVER_BLOCKED))) {
        errno = EINVAL;
        return -1;
    }
    return __libc_sigaction(signal, new, old);
}
weak_alias(__sigaction, sigaction);

/* Signals that have a handler, for the functions that would start a process. */
void __get_handler_set(sigset_t *set)
{
    memset(set, 0, sizeof *set);
    for (int signal = 1; signal < _NSIG; signal++)
        if (actions[signal].sa_handler != SIG_DFL && actions[signal].sa_handler != SIG_IGN)
            set->__bits[0] |= SIGNAL_BIT(signal);
}
