#define _GNU_SOURCE
#include "moments.h"

#include <stddef.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "ipc/process_ipc.h"
#include "ipc/transfer.h"
#include "lifecycle.h"
#include "meters/meters.h"
#include "panic.h"
#include "process.h"
#include "scheduler.h"
#include "thread.h"

enum { CLOCK_STACK = 128 * 1024 };

#define PROCESS_OF(timeout, member) ((struct process *)((char *)(timeout) - offsetof(struct process, member)))

/* A sleeper owes its share of what the clock thread has done since it woke the last time: otherwise it could have that
 * thread, and the kernel, work for it at no cost of its own. */
static void happen(struct timeout *timeout, uint64_t share)
{
    if (timeout->kind == MOMENT_WALL_LIMIT) {
        process_end_for(PROCESS_OF(timeout, wall), MOTTE_STOP_WALL_LIMIT, 0);
    } else {
        struct process *process = PROCESS_OF(timeout, sleep);
        process->owed += share;
        if (atomic_load(&process->state) == PROCESS_WAITING)
            scheduler_ready(process);
        else
            ipc_timeout(process);
    }
}

static uint64_t next_moment(const struct scheduler *scheduler)
{
    uint64_t timeout = timeouts_next(&scheduler->timeouts), refill = meters_next_event(scheduler->root);
    uint64_t next = timeout < refill ? timeout : refill;
    if (scheduler->deep_sleep.look_at < next)
        next = scheduler->deep_sleep.look_at;
    return scheduler->retry_at < next ? scheduler->retry_at : next;
}

/* A moment that is past is the next one; UINT64_MAX is none. */
static void set_timer(struct scheduler *scheduler, uint64_t moment)
{
    struct itimerspec when = {.it_value = {.tv_sec = 0}};
    if (moment != UINT64_MAX)
        when.it_value = timespec_from_ns(ticks_to_monotonic_ns(moment));
    scheduler->clock_sleeps_until = moment;
    timerfd_settime(scheduler->clock_timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* A timer that expires between the lock and the read is not lost: it stays readable. */
static void sleep_until(struct scheduler *scheduler, uint64_t moment)
{
    uint64_t expirations;
    set_timer(scheduler, moment);
    pthread_mutex_unlock(&scheduler->lock);
    ssize_t length = read(scheduler->clock_timer, &expirations, sizeof expirations);
    require(length == sizeof expirations, "the clock thread's timer cannot be read");
    pthread_mutex_lock(&scheduler->lock);
    scheduler->clock_sleeps_until = 0; /* it will look by itself */
}

static void *run(void *argument)
{
    struct scheduler *scheduler = argument;
    uint64_t cpu_before = thread_cpu_ns();
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->closing) {
        uint64_t now = ticks_now();
        uint64_t cpu = thread_cpu_ns(), spent = ns_to_ticks(cpu - cpu_before);
        bool refills = meters_next_event(scheduler->root) <= now; /* which no sleeper has caused */
        size_t count;
        meters_advance(scheduler->root, now);
        struct timeout *due = timeouts_due(&scheduler->timeouts, now, &count);
        if (due || refills)
            cpu_before = cpu;
        for (; due; due = due->next_due)
            happen(due, spent / count);
        schedule(scheduler, NULL);
        ipc_settle(scheduler);
        if (scheduler->deep_sleep.look_at <= now) {
            deep_sleep_look(scheduler, now);
            cpu_before = thread_cpu_ns(); /* this is owed by others */
        }
        uint64_t next = next_moment(scheduler);
        if (next > now)
            sleep_until(scheduler, next);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return NULL;
}

bool moments_prepare(struct scheduler *scheduler)
{
    if (scheduler->clock_exists)
        return true;
    scheduler->clock_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (scheduler->clock_timer < 0)
        return false;
    scheduler->clock_exists = thread_create(&scheduler->clock_thread, CLOCK_STACK, run, scheduler);
    if (scheduler->clock_exists)
        scheduler->clock_sleeps_until = 0; /* it looks when it comes to life */
    else
        close(scheduler->clock_timer);
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
        set_timer(scheduler, next);
    return true;
}

void moments_stop(struct scheduler *scheduler)
{
    if (scheduler->clock_exists && scheduler->clock_sleeps_until)
        set_timer(scheduler, 0);
}

void moments_join(struct scheduler *scheduler)
{
    if (!scheduler->clock_exists)
        return;
    pthread_join(scheduler->clock_thread, NULL);
    close(scheduler->clock_timer);
}

bool moments_set(struct scheduler *scheduler, struct timeout *timeout, uint64_t at)
{
    timeouts_set(&scheduler->timeouts, timeout, at);
    if (moments_look(scheduler))
        return true;
    timeouts_cancel(&scheduler->timeouts, timeout);
    return false;
}
