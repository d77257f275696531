/* The cell's program: the warden, and what every cell begins as.
 *
 * The problem.  Code that was not verified, and verified code if verification should have a hole, must be able to run
 * without being able to do anything; and it must start in microseconds.
 *
 * What fails.  To start a program for each process: it takes milliseconds.  To fork the host: its memory would have to
 * be taken away again, all of it, with its secrets in it; and a fork of a large process is slow.
 *
 * The answer.  The host starts this small program once.  It has no C library, no file, no environment, and addresses that
 * everybody knows.  It becomes the *warden*: it leaves every namespace, root folder and privilege of the host's that it can
 * leave, and forks *cells* on demand, which have as little.  A cell gets a job from the host, maps the memory that is in it,
 * and forbids itself every system call but those that the turns need.  Only then is there a guest.
 *
 * What is assumed of a guest in a cell: nothing.  It may be native code, so it may jump into this program, write to its
 * stacks, its variables and the control pages, forge signal frames, and never give a turn back.  It has this process, then, and
 * what can the process do?
 *   - The system calls that the filter (filter.c) allows.  The kernel looks at them, wherever in the process they come from:
 *     it may map pages of its own store, and of nothing else, without execution; take away what is mapped; wait for the turn
 *     and wake the host for it; return from a signal; and end.  It cannot change the filter.
 *   - Memory.  Its own: the store, and private pages, which the job counted.  No other process maps either, but the host.
 *     The host takes what is there for allegations.
 *   - Time.  The host interrupts it, or kills it: a signal to a process needs nobody's consent.
 *   - Descriptors.  Two, on which no allowed call does anything but map.
 * Everything in this program that checks, after the filter is there, is for the guest's own good: that an honest fault is told
 * to the host in order.  What keeps others safe is done before the first guest instruction runs, and by the kernel.
 *
 * A bug in the kernel's handling of these few calls, or in the processor, is what remains; CAVEATS.md says so. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>

#include "messages.h"
#include "program.h"
#include "system.h"

/* Bytes of address space that a process may have. */
#define ADDRESSES_END UINT64_C(0x7ffffffff000)

/* The kernel has mapped a stack with the environment's place in it, and pages for the clocks. */
static long unmap_everything_else(void)
{
    uint64_t start = (uint64_t)__executable_start, past = ((uint64_t)end + MOTTE_PAGE_SIZE - 1) & ~(uint64_t)(MOTTE_PAGE_SIZE - 1);
    long error = system_call(SYS_munmap, 0, start);
    return error < 0 ? error : system_call(SYS_munmap, past, ADDRESSES_END - past);
}

/* Whatever the host's thread did with signals; a terminal's are not for this process. */
static void forget_signals(void)
{
    const struct {
        uint64_t handler, flags, restorer, mask;
    } ordinary = {0};
    const uint64_t none = 0;
    for (int number = 1; number < NSIG; number++)
        system_call(SYS_rt_sigaction, number, &ordinary, 0, sizeof none);
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    system_call(SYS_setsid);
}

/* A guest that never waits, ahead of everything else on its processor, could not even be killed: the host would not run. */
static void give_up_urgency(void)
{
    const int lowest = 0;
    long policy = system_call(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;
    if (policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE)
        system_call(SYS_sched_setscheduler, 0, SCHED_OTHER, &lowest);
}

static void close_all_but_socket(void)
{
    system_call(SYS_close_range, 0, CELL_SOCKET - 1, 0);
    system_call(SYS_close_range, CELL_SOCKET + 1, ~0U, 0);
}

static void say_hello(uint32_t step, long error, uint32_t features, int descriptor)
{
    const struct warden_hello hello = {.step = step, .error = (uint32_t)-error, .features = features};
    if (!message_send(CELL_SOCKET, &hello, sizeof hello, &descriptor, descriptor < 0 ? 0 : 1))
        system_exit(CELL_EXIT_ORPHAN);
}

_Noreturn static void be_warden(uint32_t features)
{
    if (namespaces_empty_root())
        features |= CELL_FEATURE_EMPTY_ROOT;
    long more = privileges_drop();
    if (more < 0) {
        say_hello(WARDEN_STEP_PRIVILEGES, more, features, -1);
        system_exit(CELL_EXIT_FAILED);
    }
    privileges_die_with_parent();
    say_hello(WARDEN_STEP_NONE, 0, features | (uint32_t)more, -1);
    warden_serve();
}

/* From switch.S.  A namespace of processes begins with a fork; the warden is to be the host's child as this is, so that it
 * dies with the host. */
_Noreturn void cell_main(void)
{
    forget_signals();
    close_all_but_socket();
    give_up_urgency();
    system_call(SYS_personality, 0);
    system_call(SYS_chdir, "/");
    system_call(SYS_umask, 0777);
    long error = unmap_everything_else();
    if (error < 0) {
        say_hello(WARDEN_STEP_MEMORY, error, 0, -1);
        system_exit(CELL_EXIT_FAILED);
    }
    uint32_t features = namespaces_enter();
    int process = -1;
    long pid = system_call(SYS_clone, CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0, &process);
    if (pid == 0)
        be_warden(features);
    if (pid < 0)
        say_hello(WARDEN_STEP_FORK, pid, features, -1);
    else
        say_hello(WARDEN_STEP_NONE, 0, features, process);
    system_exit(pid < 0 ? CELL_EXIT_FAILED : CELL_EXIT_ORDERLY);
}
