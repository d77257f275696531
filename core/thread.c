#define _GNU_SOURCE
#include "thread.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thread inherits what its creator blocks. In the kernel's words, since the C library keeps some signals unblocked. */
bool thread_create(pthread_t *thread, size_t stack_size, void *(*run)(void *), void *argument)
{
    uint64_t all = ~UINT64_C(0), before;
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
