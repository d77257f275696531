/* Sending signals: to the process itself they are acted on here; to others the host decides. */

#include <errno.h>
#include <unistd.h>
#include "pthread_impl.h"
#include "motte_runtime.h"

static int is_signal(int signal)
{
    return signal >= 0 && signal < _NSIG;
}

static void send_to_self(int signal, int code, union sigval value)
{
    siginfo_t information = {.si_signo = signal, .si_code = code};

    information.si_pid = getpid();
    information.si_uid = getuid();
    information.si_value = value;
    if (signal)
        __motte_send_signal(signal, &information);
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int raise(int signal)
{
    if (!is_signal(signal))
        return fail(EINVAL);
    send_to_self(signal, SI_TKILL, (union sigval){0});
    return 0;
}

int kill(pid_t process, int signal)
{
    if (!is_signal(signal))
        return fail(EINVAL);
    if (process && process != getpid())
        return syscall(SYS_kill, process, signal);
    send_to_self(signal, SI_USER, (union sigval){0});
    return 0;
}

int sigqueue(pid_t process, int signal, const union sigval value)
{
    if (!is_signal(signal))
        return fail(EINVAL);
    if (process != getpid())
        return fail(EPERM);
    send_to_self(signal, SI_QUEUE, value);
    return 0;
}

int pthread_kill(pthread_t thread, int signal)
{
    if (!is_signal(signal))
        return EINVAL;
    send_to_self(signal, SI_TKILL, (union sigval){0});
    return 0;
}
