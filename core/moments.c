#define _GNU_SOURCE
#include "moments.h"

#include <stddef.h>
#include <time.h>

#include "clock.h"
#include "lifecycle.h"
#include "meters/meters.h"
#include "process.h"
#include "scheduler.h"
#include "thread.h"

enum { CLOCK_STACK = 128 * 1024 };

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

bool moments_prepare(struct scheduler *scheduler)
{
    if (!scheduler->clock_exists)
        scheduler->clock_exists = thread_create(&scheduler->clock_thread, CLOCK_STACK, run, scheduler);
    return scheduler->clock_exists;
}

bool moments_look(struct scheduler *scheduler)
{
    uint64_t next = next_moment(scheduler);
    if (next == UINT64_MAX)
        return true;
    if (!moments_prepare(scheduler))
        return false;
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
