/* Signals that a process sends to itself, and the actions that it asked for.
 *
 * Nobody else can send it any.  A handler is guest code, which is never entered from here: the guest's C library
 * keeps the handlers and runs them as ordinary function calls, and asks here only for default actions.  A program
 * without that library finds Linux's bookkeeping: a signal that is blocked, or has a handler, stays pending, and ends
 * the process once it is neither and its default action does so.
 */
#include <errno.h>
#include <signal.h>

#include "calls.h"
#include "host_memory.h"

enum { ACTION_DEFAULT = 0, ACTION_IGNORE = 1, SET_SIZE = 8 };

#define BIT(signal) (UINT64_C(1) << ((signal) - 1))
#define NEVER_BLOCKED (BIT(SIGKILL) | BIT(SIGSTOP))
/* By default these do nothing, or stop a process that somebody else could continue: here nobody could. */
#define HARMLESS_BY_DEFAULT                                                                                            \
    (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) |          \
     BIT(SIGTTOU))

static struct guest_signal_action action_of(const struct personality *personality, int signal)
{
    return personality->signal_actions ? personality->signal_actions[signal - 1] : (struct guest_signal_action){0};
}

static bool set_action(struct personality *personality, int signal, const struct guest_signal_action *action)
{
    if (!personality->signal_actions)
        personality->signal_actions = host_memory_allocate(personality->process, SIGNAL_COUNT * sizeof *action);
    if (personality->signal_actions)
        personality->signal_actions[signal - 1] = *action;
    return personality->signal_actions;
}

/* Acts on every pending signal that has a default action, or none, and is not blocked. */
static void deliver(struct personality *personality)
{
    for (int signal = 1; signal <= SIGNAL_COUNT; signal++) {
        uint64_t handler = action_of(personality, signal).handler;
        uint64_t deliverable = personality->pending_signals & ~personality->blocked_signals & BIT(signal);
        if (!deliverable || handler > ACTION_IGNORE)
            continue;
        personality->pending_signals &= ~deliverable;
        if (handler == ACTION_DEFAULT && !(deliverable & HARMLESS_BY_DEFAULT))
            process_stop(personality->process, MOTTE_STOP_SIGNALLED, signal);
    }
}

static int64_t send(struct personality *personality, int32_t signal)
{
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    if (signal) {
        personality->pending_signals |= BIT(signal);
        deliver(personality);
    }
    return 0;
}

/* arguments: process (0: the own group), signal */
int64_t call_kill(struct personality *personality, const uint64_t arguments[6])
{
    int32_t process = argument_int(arguments[0]);
    return process == GUEST_PROCESS_ID || process == 0 ? send(personality, argument_int(arguments[1])) : -ESRCH;
}

int64_t call_tkill(struct personality *personality, const uint64_t arguments[6])
{
    return argument_int(arguments[0]) == GUEST_PROCESS_ID ? send(personality, argument_int(arguments[1])) : -ESRCH;
}

int64_t call_tgkill(struct personality *personality, const uint64_t arguments[6])
{
    return argument_int(arguments[0]) == GUEST_PROCESS_ID ? call_tkill(personality, arguments + 1) : -ESRCH;
}

/* arguments: signal, new action, old action, size of a set */
int64_t call_rt_sigaction(struct personality *personality, const uint64_t arguments[6])
{
    int32_t signal = argument_int(arguments[0]);
    struct guest_signal_action action;
    if (signal < 1 || signal > SIGNAL_COUNT || arguments[3] != SET_SIZE)
        return -EINVAL;
    if (arguments[1] && (BIT(signal) & NEVER_BLOCKED))
        return -EINVAL;
    if (arguments[1] && argument_fetch(personality, &action, arguments[1], sizeof action) != 0)
        return -EFAULT;
    const struct guest_signal_action before = action_of(personality, signal);
    if (arguments[2] && argument_store(personality, arguments[2], &before, sizeof before) != 0)
        return -EFAULT;
    if (arguments[1]) {
        if (!set_action(personality, signal, &action))
            return -ENOMEM;
        deliver(personality);
    }
    return 0;
}

/* arguments: how, new set, old set, size of a set */
int64_t call_rt_sigprocmask(struct personality *personality, const uint64_t arguments[6])
{
    int32_t how = argument_int(arguments[0]);
    uint64_t set = 0, before = personality->blocked_signals;
    if (arguments[3] != SET_SIZE)
        return -EINVAL;
    if (arguments[1] && argument_fetch(personality, &set, arguments[1], sizeof set) != 0)
        return -EFAULT;
    if (arguments[1] && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
        return -EINVAL;
    if (arguments[2] && argument_store(personality, arguments[2], &before, sizeof before) != 0)
        return -EFAULT;
    if (arguments[1]) {
        uint64_t after = how == SIG_BLOCK ? before | set : how == SIG_UNBLOCK ? before & ~set : set;
        personality->blocked_signals = after & ~NEVER_BLOCKED;
        deliver(personality);
    }
    return 0;
}

/* arguments: set, size of a set */
int64_t call_rt_sigpending(struct personality *personality, const uint64_t arguments[6])
{
    if (arguments[1] > SET_SIZE)
        return -EINVAL;
    return argument_store(personality, arguments[0], &personality->pending_signals, arguments[1]);
}
