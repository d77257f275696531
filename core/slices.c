#define _GNU_SOURCE
#include "slices.h"

#include <sys/timerfd.h>
#include <sys/types.h>
#include <unistd.h>

#include "clock.h"
#include "panic.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "thread.h"
#include "worker.h"

enum { SLICES_STACK = 64 * 1024, SIGNALS_AT_ONCE = 64 };

/* With both, a timer that is put off in each slice is never the next one, before a tick of the kernel's in 4 ms. */
static const uint64_t lead_ns = 100000, together_ns = 500000, shortest_ns = 1000000, grace_ns = 5000000,
                      near_ns = 5500000, own_first_ns = 400000000, own_longest_ns = 6400000000, bearable_ns = 150000;

void slices_prepare(struct slices *slices)
{
    *slices = (struct slices){
        .lead = ns_to_ticks(lead_ns),
        .together = ns_to_ticks(together_ns),
        .shortest = ns_to_ticks(shortest_ns),
        .grace = ns_to_ticks(grace_ns),
        .near = ns_to_ticks(near_ns),
        .bearable = ns_to_ticks(bearable_ns),
        .own_first = ns_to_ticks(own_first_ns),
        .own_longest = ns_to_ticks(own_longest_ns),
        .sleeps_until = UINT64_MAX,
    };
    slices->own_next = slices->own_first;
}

/* UINT64_MAX is never. */
static void set_timer(struct slices *slices, uint64_t moment)
{
    struct itimerspec when = {.it_value = {.tv_sec = 0}};
    if (moment != UINT64_MAX)
        when.it_value = timespec_from_ns(ticks_to_monotonic_ns(moment));
    slices->sleeps_until = moment;
    timerfd_settime(slices->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* --- the thread ------------------------------------------------------------------------------------------------------ */

struct signals {
    uint32_t count;
    pid_t threads[SIGNALS_AT_ONCE];
};

/* Too late: its slice was over, and nobody ended it. */
static void note_whether_late(struct slices *slices, uint64_t now, bool late)
{
    if (!late) {
        slices->own_next -= slices->own_next > slices->own_first ? slices->own_next / 256 : 0;
        return;
    }
    slices->own_until = now + slices->own_next;
    slices->own_next = 2 * slices->own_next < slices->own_longest ? 2 * slices->own_next : slices->own_longest;
}

/* Asks those turns to end that would have to before long.  Of the next turn there nothing is known but that it is likely
 * to be as long. */
static struct signals end_turns(struct scheduler *scheduler, uint64_t now)
{
    struct slices *slices = &scheduler->slices;
    struct signals signals = {.count = 0};
    bool late = false;
    for (struct worker *worker = scheduler->candidates; worker; worker = worker->next_candidate) {
        struct process *process = atomic_load_explicit(&worker->process, memory_order_relaxed);
        if (!process || worker->slice_thread_at > now + slices->together || signals.count == SIGNALS_AT_ONCE)
            continue;
        if (atomic_load_explicit(&worker->outside, memory_order_relaxed)) {
            worker->slice_thread_at = now + worker->slice;
            continue;
        }
        late = late || (!worker->visits && now > worker->slice_thread_at + slices->lead + slices->bearable);
        process_set_attention(process, true);
        worker->slice_thread_at = now + worker->slice - slices->lead;
        signals.threads[signals.count++] = atomic_load(&worker->thread_id);
    }
    if (signals.count)
        note_whether_late(slices, now, late);
    return signals;
}

static uint64_t next_end(const struct scheduler *scheduler)
{
    uint64_t next = UINT64_MAX;
    for (const struct worker *worker = scheduler->candidates; worker; worker = worker->next_candidate) {
        bool runs = atomic_load_explicit(&worker->process, memory_order_relaxed);
        if (runs && worker->slice_thread_at < next)
            next = worker->slice_thread_at;
    }
    const struct offer *offer = &scheduler->offer;
    return offer->process && offer->ends < next ? offer->ends : next;
}

/* The signals come after the lock, since whom they hit takes it next; and the timer before them, for the same reason.  A
 * worker's thread may have ended meanwhile: then nobody is hit, or somebody who has no process and ignores it. */
static void *run(void *argument)
{
    struct scheduler *scheduler = argument;
    struct slices *slices = &scheduler->slices;
    thread_ask_for_promptness();
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->closing) {
        uint64_t expirations;
        uint64_t now = ticks_now();
        struct signals signals = end_turns(scheduler, now);
        if (scheduler->offer.process && scheduler->offer.ends <= now)
            schedule_at(scheduler, NULL, now);
        set_timer(slices, next_end(scheduler));
        pthread_mutex_unlock(&scheduler->lock);
        for (uint32_t i = 0; i < signals.count; i++)
            signals_send(signals.threads[i]);
        ssize_t length = read(slices->timer, &expirations, sizeof expirations);
        require(length == sizeof expirations, "the slice thread's timer cannot be read");
        pthread_mutex_lock(&scheduler->lock);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return NULL;
}

/* --- the workers ------------------------------------------------------------------------------------------------------ */

/* It looks at once when it comes to life. A refusal is final: to ask again in every turn would cost more than it is worth. */
static bool have_thread(struct scheduler *scheduler)
{
    struct slices *slices = &scheduler->slices;
    if (slices->exists)
        return true;
    slices->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    slices->exists = slices->timer >= 0 && thread_create(&slices->thread, SLICES_STACK, run, scheduler);
    slices->sleeps_until = 0;
    if (!slices->exists) {
        slices->own_until = UINT64_MAX;
        if (slices->timer >= 0)
            close(slices->timer);
    }
    return slices->exists;
}

void slices_look_at(struct slices *slices, uint64_t moment)
{
    if (moment < slices->sleeps_until)
        set_timer(slices, moment);
}

uint64_t slices_begin(struct worker *worker, uint64_t slice_end, uint64_t credit_end)
{
    struct slices *slices = &worker->scheduler->slices;
    if (worker->slice < slices->shortest || worker->dispatched < slices->own_until || !have_thread(worker->scheduler))
        return slice_end;
    worker->slice_thread_at = slice_end - slices->lead;
    slices_look_at(slices, worker->slice_thread_at);
    uint64_t latest = slice_end + slices->grace < credit_end ? slice_end + slices->grace : credit_end;
    uint64_t near = worker->dispatched + slices->near;
    if (latest > near)
        timer_put_off(&worker->timer, near);
    return latest;
}

bool slices_prepare_watch(struct scheduler *scheduler)
{
    return have_thread(scheduler);
}

void slices_watch(struct worker *visitor, uint64_t moment)
{
    visitor->slice_thread_at = moment;
    slices_look_at(&visitor->scheduler->slices, moment);
}

void slices_stop(struct slices *slices)
{
    if (slices->exists)
        set_timer(slices, 0);
}

void slices_join(struct slices *slices)
{
    if (!slices->exists)
        return;
    pthread_join(slices->thread, NULL);
    close(slices->timer);
}
