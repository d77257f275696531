/* A process sends signals to itself: handlers, masks, pending signals, information, resets.
 *
 * prints:
 * handler SIGUSR1
 * blocked: not yet
 * pending: yes
 * handler SIGUSR1
 * unblocked: delivered
 * information: SIGUSR2 code -1 value 42 from self
 * reset to default
 * nested: SIGUSR1 inside SIGTERM waits
 * handler SIGUSR1
 * ignored signals do nothing
 * bad numbers: EINVAL EINVAL
 * SIGKILL cannot be caught
 * waited for SIGUSR1
 * suspended until SIGUSR1
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int seen;

static void handler(int signal)
{
    seen++;
    printf("handler %s\n", signal == SIGUSR1 ? "SIGUSR1" : "?");
}

static void with_information(int signal, siginfo_t *information, void *context)
{
    printf("information: %s code %d value %d from %s\n", signal == SIGUSR2 ? "SIGUSR2" : "?", information->si_code,
        information->si_value.sival_int, information->si_pid == getpid() ? "self" : "another");
}

static void nesting(int signal)
{
    int before = seen;

    raise(SIGUSR1);
    if (seen == before)
        puts("nested: SIGUSR1 inside SIGTERM waits");
}

static void quiet(int signal)
{
}

int main(void)
{
    sigset_t set, old, pending;
    struct sigaction action = {.sa_sigaction = with_information, .sa_flags = SA_SIGINFO | SA_RESETHAND};

    signal(SIGUSR1, handler);
    raise(SIGUSR1);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1);
    if (seen == 1)
        puts("blocked: not yet");
    sigpending(&pending);
    printf("pending: %s\n", sigismember(&pending, SIGUSR1) ? "yes" : "no");
    sigprocmask(SIG_SETMASK, &old, 0);
    if (seen == 2)
        puts("unblocked: delivered");

    sigaction(SIGUSR2, &action, 0);
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 42});
    sigaction(SIGUSR2, 0, &action);
    if (action.sa_handler == SIG_DFL)
        puts("reset to default");

    sigaction(SIGTERM, &(struct sigaction){.sa_handler = nesting, .sa_mask = set}, 0);
    raise(SIGTERM);

    signal(SIGPIPE, SIG_IGN);
    if (!raise(SIGPIPE) && !raise(SIGCHLD))
        puts("ignored signals do nothing");
    int first = raise(65) == -1 ? errno : 0, second = kill(0, -1) == -1 ? errno : 0;
    printf("bad numbers: %s %s\n", first == EINVAL ? "EINVAL" : "?", second == EINVAL ? "EINVAL" : "?");
    if (signal(SIGKILL, handler) == SIG_ERR && errno == EINVAL)
        puts("SIGKILL cannot be caught");

    signal(SIGUSR1, quiet);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1);
    int taken;
    if (!sigwait(&set, &taken) && taken == SIGUSR1)
        puts("waited for SIGUSR1");
    raise(SIGUSR1);
    if (sigsuspend(&old) == -1 && errno == EINTR)
        puts("suspended until SIGUSR1");
    return 0;
}
