#define _GNU_SOURCE
#include "thread.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHANGE_OF_IDS = 33 }; /* of the C library's own */

/* A thread inherits what its creator blocks.  In the kernel's words, since the C library keeps some signals unblocked.  One of
 * them must stay so: whoever changes ids holds a lock of pthread_create's until all threads have taken that signal. */
bool thread_create(pthread_t *thread, size_t stack_size, void *(*run)(void *), void *argument)
{
    uint64_t all = ~(UINT64_C(1) << (CHANGE_OF_IDS - 1)), before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    int error = pthread_attr_setstacksize(&attributes, stack_size);
    if (!error) {
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
        error = pthread_create(thread, &attributes, run, argument);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    }
    pthread_attr_destroy(&attributes);
    return error == 0;
}

/* With the privilege: at once.  Without: Linux 6.12 and later let a thread ask for a short slice, which has it run soon
 * after it wakes; earlier kernels ignore the wish.  A host that was told to stand back stays behind. */
void thread_ask_for_promptness(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } wish = {.size = sizeof wish, .policy = SCHED_OTHER, .runtime_ns = 100000};
    const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    if (sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 0)
        return;
    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        syscall(SYS_sched_setattr, 0, &wish, 0);
}
