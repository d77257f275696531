/*
 * Waiting for signals.  Only a pending signal can satisfy a wait, as none comes
 * from outside; a wait that could never end is left to the host, which refuses it.
 */

#include <errno.h>
#include <string.h>
#include "syscall.h"
#include "pthread_impl.h"
#include "motte_runtime.h"

int sigpending(sigset_t *set)
{
    memset(set, 0, sizeof *set);
    set->__bits[0] = __motte_pending_signals();
    return 0;
}

int sigsuspend(const sigset_t *mask)
{
    unsigned long before = __motte_signal_mask();

    if (!(__motte_pending_signals() & ~mask->__bits[0]))
        return syscall(SYS_rt_sigsuspend, mask, _NSIG / 8);
    __motte_set_signal_mask(mask->__bits[0]);
    __motte_set_signal_mask(before);
    errno = EINTR;
    return -1;
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict information, const struct timespec *restrict timeout)
{
    siginfo_t taken;
    int signal = __motte_take_pending_signal(set->__bits[0], &taken);

    if (!signal)
        return syscall(SYS_rt_sigtimedwait, set, information, timeout, _NSIG / 8);
    if (information)
        *information = taken;
    return signal;
}
