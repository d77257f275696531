/* The core's interrupt under ThreadSanitizer: linked into the `threads` build, in front of what it names with __wrap_.
 *
 * The problem.  ThreadSanitizer puts its own handler in front of everybody's, and keeps a signal back until the thread
 * calls something that it knows.  A guest calls nothing: it would never be interrupted.
 *
 * What fails.  Installing the handler behind its back.  The signal then finds a thread anywhere, in the sanitizer's own
 * code, too, with its locks held; and the handler, which is compiled like all the core, calls the sanitizer again.
 *
 * The answer.  The handler is installed behind its back, and runs at once where the sanitizer cannot be under way: in
 * guest code, in switch.S, and in host_access.S.  Anywhere else it could do no more than ask for attention and come again.  So the kernel
 * call that it found under way asks for attention when it ends, and the signal comes again in a millisecond, as long as
 * the thread is in guest_enter.
 *
 * A test asks for a race, with MOTTE_RACE, to see that one is reported.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "interrupted.h"
#include "motte_abi.h"
#include "process.h"
#include "switch.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid /* glibc has the field, and not the name */
#endif

/* These functions interrupt the sanitizer, so they must not call it. */
#define UNSEEN __attribute__((no_sanitize_thread))

void __real_guest_enter(struct context *context, uintptr_t window);
void __wrap_guest_enter(struct context *context, uintptr_t window);
int64_t __real_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);
int64_t __wrap_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __sigaction(int number, const struct sigaction *action, struct sigaction *before); /* the C library's own */

void __real_motte_on_interrupt(int number, siginfo_t *information, void *opaque);
void __wrap_motte_on_interrupt(int number, siginfo_t *information, void *opaque);

/* Set once: signals_install puts the same handler on the same signal ever after. */
static int core_signal;

static _Thread_local volatile bool entered, pending, has_timer;
static _Thread_local volatile int timer; /* as the kernel numbers them: timer_create() would allocate */

UNSEEN static void come_again(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = core_signal};
    const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
    int saved_errno = errno, made;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    if (!has_timer && syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &made) == 0) {
        timer = made;
        has_timer = true;
    }
    syscall(SYS_timer_settime, timer, 0, &soon, NULL);
    errno = saved_errno;
}

UNSEEN static bool sanitizer_is_elsewhere(uintptr_t instruction)
{
    return (MOTTE_CODE_REGION_BASE <= instruction && instruction < MOTTE_CODE_REGION_END) ||
           between(instruction, (const char *)(uintptr_t)__real_guest_enter, guest_left) ||
           between(instruction, (const char *)(uintptr_t)guest_copy, checked_syscall_stopped);
}

/* What comes again comes from a timer, whoever sent it at first: the core finds nothing due, and sets its own anew. */
UNSEEN void __wrap_motte_on_interrupt(int number, siginfo_t *information, void *opaque)
{
    const ucontext_t *state = opaque;
    if (sanitizer_is_elsewhere((uintptr_t)state->uc_mcontext.gregs[REG_RIP])) {
        if (information->si_code == SI_TIMER)
            pending = false;
        __real_motte_on_interrupt(number, information, opaque);
    } else {
        pending = true;
        if (entered)
            come_again();
    }
}

UNSEEN void __wrap_guest_enter(struct context *context, uintptr_t window)
{
    entered = true;
    if (pending)
        come_again();
    __real_guest_enter(context, window);
    entered = false;
}

static bool race_wanted;
static volatile uint64_t unguarded;

__attribute__((constructor)) static void look_at_environment(void)
{
    race_wanted = getenv("MOTTE_RACE") != NULL;
}

/* A turn may end too early so, and nothing comes of it. */
int64_t __wrap_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6])
{
    int64_t result = __real_motte_kernel_call(process, number, arguments);
    if (race_wanted)
        unguarded++;
    if (pending)
        process_set_attention(process, true);
    return result;
}

/* Behind its back.  Faults are reported where they happen, and so is what they do. */
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    if (action && number >= SIGRTMIN)
        core_signal = number;
    return __sigaction(number, action, before);
}
