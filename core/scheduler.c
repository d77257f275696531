#define _GNU_SOURCE
#include "scheduler.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"
#include "worker.h"

/* For the personality, which runs here. */
enum { HOST_STACK = 512 * 1024 };

static void *run(void *argument)
{
    worker_run(argument);
    return NULL;
}

/* A thread inherits the signals that its creator blocks: all of them, until the worker admits its own. */
int scheduler_start(struct process *process)
{
    uint64_t all = ~UINT64_C(0), before;
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return -error;
    error = pthread_attr_setstacksize(&attributes, HOST_STACK);
    if (!error) {
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
        error = pthread_create(&process->thread, &attributes, run, process);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    }
    pthread_attr_destroy(&attributes);
    process->thread_exists = error == 0;
    return -error;
}
