#define _GNU_SOURCE
#include "timers.h"

#include <signal.h>
#include <stdatomic.h>

#include "clock.h"
#include "signals.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid /* glibc has the field, and not the name */
#endif

static const uint64_t repeat_ns = 1000000;

/* Longer waits than this are none: it keeps absolute times far from overflow. */
static const uint64_t longest_ns = UINT64_C(1) << 60;

/* For the worker's own thread, which the handler interrupts. */
static void store(_Atomic uint64_t *moment, uint64_t ticks)
{
    atomic_store_explicit(moment, ticks, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t load(const _Atomic uint64_t *moment)
{
    atomic_signal_fence(memory_order_seq_cst);
    return atomic_load_explicit(moment, memory_order_relaxed);
}

bool timer_prepare(struct timer *timer, pid_t thread_id)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID,
        .sigev_signo = signals_interrupt(),
        .sigev_notify_thread_id = thread_id,
    };
    store(&timer->turn_end, UINT64_MAX);
    store(&timer->set_for, UINT64_MAX);
    timer->exists = timer_create(CLOCK_MONOTONIC, &event, &timer->timer) == 0;
    return timer->exists;
}

void timer_destroy(struct timer *timer)
{
    if (timer->exists)
        timer_delete(timer->timer);
    timer->exists = false;
}

static void set(struct timer *timer, uint64_t ticks)
{
    uint64_t at = ticks_to_monotonic_ns(ticks);
    store(&timer->set_for, ticks);
    if (at > longest_ns)
        return;
    struct itimerspec when = {.it_value = timespec_from_ns(at)};
    timer_settime(timer->timer, TIMER_ABSTIME, &when, NULL);
}

void timer_end_turn_at(struct timer *timer, uint64_t ticks)
{
    store(&timer->turn_end, ticks);
    if (load(&timer->set_for) > ticks)
        set(timer, ticks);
}

void timer_put_off(struct timer *timer, uint64_t ticks)
{
    if (load(&timer->set_for) < ticks)
        store(&timer->set_for, UINT64_MAX);
}

/* Either this thread sees that the timer has expired, or the handler sees the new end: each stores before it looks, and
 * nothing is reordered across. */
void timer_shorten_turn(struct timer *timer, uint64_t ticks)
{
    atomic_store(&timer->turn_end, ticks);
    if (atomic_load(&timer->set_for) > ticks)
        set(timer, ticks);
}

void timer_expired(struct timer *timer)
{
    atomic_store(&timer->set_for, UINT64_MAX);
}

/* Who shortened the turn while the timer was being set here may have set it first: then what `set_for` says is not so. */
bool timer_turn_is_over(struct timer *timer)
{
    uint64_t end = atomic_load(&timer->turn_end);
    bool known = true;
    for (;;) {
        if (ticks_now() >= end)
            return true;
        if (known && load(&timer->set_for) <= end)
            return false;
        set(timer, end);
        uint64_t end_now = atomic_load(&timer->turn_end);
        if (end_now == end)
            return false;
        end = end_now;
        known = false;
    }
}

void timer_insist(struct timer *timer)
{
    uint64_t end = ticks_now() + ns_to_ticks(repeat_ns);
    if (load(&timer->set_for) > end)
        set(timer, end);
}
