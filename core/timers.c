#define _GNU_SOURCE
#include "timers.h"

#include "process.h"
#include "signals.h"
#include "worker.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid /* glibc has the field, and not the name */
#endif

/* More than a tick of the slowest kernels (100 Hz), so that the last stretch is always timed exactly. */
static const uint64_t approach_ns = 20000000;
static const uint64_t tick_ns = 1000000; /* or the kernel's own, if that is longer */
static const uint64_t repeat_ns = 1000000;
static const uint64_t second_ns = 1000000000;

/* Longer waits than this are none: it keeps absolute times far from overflow. */
static const uint64_t longest_ns = UINT64_C(1) << 60;

enum timer_kind { TIMER_CPU, TIMER_EXACT, TIMER_WALL };

uint64_t nanoseconds_since(clockid_t clock, struct timespec start)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    int64_t seconds = now.tv_sec - start.tv_sec, nanoseconds = now.tv_nsec - start.tv_nsec;
    return (uint64_t)(seconds * (int64_t)second_ns + nanoseconds);
}

static struct timespec duration(uint64_t nanoseconds)
{
    return (struct timespec){.tv_sec = (time_t)(nanoseconds / second_ns), .tv_nsec = (long)(nanoseconds % second_ns)};
}

static bool create(struct worker *worker, clockid_t clock, enum timer_kind kind, timer_t *timer, bool *exists)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID,
        .sigev_signo = signals_interrupt(),
        .sigev_notify_thread_id = worker->thread_id,
        .sigev_value.sival_int = (int)kind,
    };
    *exists = timer_create(clock, &event, timer) == 0;
    return *exists;
}

/* A zero time would disarm the timer. */
static void set(timer_t timer, uint64_t first_ns, uint64_t then_ns)
{
    struct itimerspec when = {.it_value = duration(first_ns ? first_ns : 1), .it_interval = duration(then_ns)};
    timer_settime(timer, 0, &when, NULL);
}

static void set_cpu_limit(const struct timers *timers, uint64_t limit_ns)
{
    if (limit_ns > approach_ns) {
        set(timers->cpu, limit_ns - approach_ns, tick_ns);
    } else {
        set(timers->cpu, tick_ns, tick_ns);
        set(timers->exact, limit_ns, 0);
    }
}

bool timers_start(struct worker *worker)
{
    struct timers *timers = &worker->timers;
    uint64_t cpu = worker->process->cpu_limit_ns, wall = worker->process->wall_limit_ns;
    bool complete = create(worker, CLOCK_MONOTONIC, TIMER_EXACT, &timers->exact, &timers->exact_exists);
    if (complete && cpu < longest_ns)
        complete = create(worker, CLOCK_THREAD_CPUTIME_ID, TIMER_CPU, &timers->cpu, &timers->cpu_exists);
    if (complete && wall < longest_ns)
        complete = create(worker, CLOCK_MONOTONIC, TIMER_WALL, &timers->wall, &timers->wall_exists);
    if (!complete) {
        timers_stop(worker);
        return false;
    }
    if (timers->cpu_exists)
        set_cpu_limit(timers, cpu);
    if (timers->wall_exists)
        set(timers->wall, wall, 0);
    return true;
}

void timers_stop(struct worker *worker)
{
    struct timers *timers = &worker->timers;
    if (timers->cpu_exists)
        timer_delete(timers->cpu);
    if (timers->exact_exists)
        timer_delete(timers->exact);
    if (timers->wall_exists)
        timer_delete(timers->wall);
    *timers = (struct timers){.cpu_exists = false};
}

void timers_look(struct worker *worker, const siginfo_t *information, bool waiting)
{
    struct process *process = worker->process;
    if (information->si_code != SI_TIMER)
        return;
    if (worker->timers.wall_exists
        && nanoseconds_since(CLOCK_MONOTONIC, worker->started_wall) >= process->wall_limit_ns)
        process_stop(process, MOTTE_STOP_WALL_LIMIT, 0);
    if (!worker->timers.cpu_exists)
        return;

    uint64_t used = nanoseconds_since(CLOCK_THREAD_CPUTIME_ID, worker->started_cpu);
    if (used >= process->cpu_limit_ns)
        process_stop(process, MOTTE_STOP_CPU_LIMIT, 0);
    else if (!waiting && information->si_value.sival_int != TIMER_WALL)
        set(worker->timers.exact, process->cpu_limit_ns - used, 0);
}

void timers_insist(struct worker *worker)
{
    set(worker->timers.exact, repeat_ns, repeat_ns);
}
