#define _GNU_SOURCE
#include "moments.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "lifecycle.h"
#include "meters/meters.h"
#include "process.h"
#include "scheduler.h"

#define PROCESS_OF(timeout, member) ((struct process *)((char *)(timeout) - offsetof(struct process, member)))

static void happen(struct timeout *timeout)
{
    if (timeout->kind == MOMENT_WALL_LIMIT) {
        process_end_for(PROCESS_OF(timeout, wall), MOTTE_STOP_WALL_LIMIT, 0);
    } else {
        struct process *process = PROCESS_OF(timeout, sleep);
        if (atomic_load(&process->state) == PROCESS_WAITING)
            scheduler_ready(process);
    }
}

static uint64_t next_moment(const struct scheduler *scheduler)
{
    uint64_t timeout = timeouts_next(&scheduler->timeouts), refill = meters_next_event(scheduler->root);
    uint64_t next = timeout < refill ? timeout : refill;
    return scheduler->retry_at < next ? scheduler->retry_at : next;
}

static void sleep_until(struct scheduler *scheduler, uint64_t moment)
{
    enum { SECOND_NS = 1000000000 };
    scheduler->clock_sleeps_until = moment;
    if (moment == UINT64_MAX) {
        pthread_cond_wait(&scheduler->clock_changed, &scheduler->lock);
    } else {
        uint64_t ns = ticks_to_monotonic_ns(moment);
        struct timespec at = {.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
        pthread_cond_timedwait(&scheduler->clock_changed, &scheduler->lock, &at);
    }
    scheduler->clock_sleeps_until = 0; /* it will look by itself */
}

static void *run(void *argument)
{
    struct scheduler *scheduler = argument;
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->closing) {
        uint64_t now = ticks_now();
        struct timeout *due;
        meters_advance(scheduler->root, now);
        while ((due = timeouts_due(&scheduler->timeouts, now)))
            happen(due);
        schedule(scheduler, NULL);
        uint64_t next = next_moment(scheduler);
        if (next > now)
            sleep_until(scheduler, next);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return NULL;
}

/* With every signal blocked, as the creator has them for this time. */
static bool create_thread(struct scheduler *scheduler)
{
    enum { STACK = 128 * 1024 };
    uint64_t all = ~UINT64_C(0), before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, STACK);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    scheduler->clock_exists = pthread_create(&scheduler->clock_thread, &attributes, run, scheduler) == 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    pthread_attr_destroy(&attributes);
    return scheduler->clock_exists;
}

bool moments_prepare(struct scheduler *scheduler)
{
    return scheduler->clock_exists || create_thread(scheduler);
}

bool moments_look(struct scheduler *scheduler)
{
    uint64_t next = next_moment(scheduler);
    if (next == UINT64_MAX)
        return true;
    if (!scheduler->clock_exists)
        return create_thread(scheduler);
    if (next < scheduler->clock_sleeps_until)
        pthread_cond_signal(&scheduler->clock_changed);
    return true;
}

bool moments_set(struct scheduler *scheduler, struct timeout *timeout, uint64_t at)
{
    timeouts_set(&scheduler->timeouts, timeout, at);
    if (moments_look(scheduler))
        return true;
    timeouts_cancel(&scheduler->timeouts, timeout);
    return false;
}
