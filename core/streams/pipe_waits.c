/* Who waits for a pipe, and how each is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/completions.h"
#include "panic.h"
#include "pipe_internal.h"
#include "process.h"

static void enter(struct pipe_waiter **line, struct pipe_waiter *waiter)
{
    while (*line)
        line = &(*line)->next;
    waiter->next = NULL;
    waiter->link = line;
    *line = waiter;
}

static void leave(struct pipe_waiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    waiter->link = NULL;
}

static void tell_host(struct pipe_waiter *waiter)
{
    const uint64_t one = 1;
    if (waiter->completion) {
        completions_add(waiter->completion);
    } else {
        ssize_t written = write(waiter->event, &one, sizeof one);
        require(written == sizeof one, "a call that waits cannot be told that it is over");
    }
}

static void wake_sleepers(struct pipe *pipe)
{
    if (!pipe->sleepers)
        return;
    atomic_fetch_add(&pipe->changes, 1);
    syscall(SYS_futex, &pipe->changes, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Those who wait now, and not those who begin again meanwhile, are taken aside.  A process is woken without the pipe's lock,
 * for that is under its scheduler's; held by a reference, since it may come to its end in that moment. */
void pipe_tell_and_unlock(struct pipe *pipe, enum pipe_side side, bool under_scheduler_lock)
{
    struct pipe_waiter *told = pipe->lines[side];
    pipe->lines[side] = NULL;
    if (told)
        told->link = &told;
    wake_sleepers(pipe);
    while (told) {
        struct pipe_waiter *waiter = told;
        struct process *process = waiter->process;
        leave(waiter);
        if (!process) {
            tell_host(waiter);
            continue;
        }
        process_retain(process);
        pthread_mutex_unlock(&pipe->lock);
        process_wake(process, under_scheduler_lock);
        process_release(process);
        pthread_mutex_lock(&pipe->lock);
    }
    pthread_mutex_unlock(&pipe->lock);
}

bool pipe_await(struct pipe *pipe, enum pipe_side side, struct pipe_waiter *waiter)
{
    pthread_mutex_lock(&pipe->lock);
    bool waits = !pipe_side_is_ready(pipe, side);
    if (waits && !waiter->link)
        enter(&pipe->lines[side], waiter);
    pthread_mutex_unlock(&pipe->lock);
    return waits;
}

void pipe_forget(struct pipe *pipe, struct pipe_waiter *waiter)
{
    pthread_mutex_lock(&pipe->lock);
    if (waiter->link)
        leave(waiter);
    pthread_mutex_unlock(&pipe->lock);
}

int pipe_sleep(struct pipe *pipe, enum pipe_side side, struct deadline deadline)
{
    const struct timespec *end = deadline.exists ? &deadline.at : NULL;
    int result = 1;
    pthread_mutex_lock(&pipe->lock);
    while (result == 1 && !pipe_side_is_ready(pipe, side)) {
        uint32_t seen = atomic_load(&pipe->changes);
        pipe->sleepers++;
        pthread_mutex_unlock(&pipe->lock);
        long slept = syscall(SYS_futex, &pipe->changes, FUTEX_WAIT_BITSET_PRIVATE, seen, end, NULL, FUTEX_BITSET_MATCH_ANY);
        int error = slept < 0 ? errno : 0;
        pthread_mutex_lock(&pipe->lock);
        pipe->sleepers--;
        if (error == ETIMEDOUT || error == EINTR)
            result = error == EINTR ? -EINTR : pipe_side_is_ready(pipe, side);
    }
    pthread_mutex_unlock(&pipe->lock);
    return result;
}
