#define _GNU_SOURCE
#include "events.h"

#include <errno.h>

#include "meters/meters.h"
#include "process.h"
#include "scheduler.h"
#include "trace.h"

void event_post(struct process *process, enum event_kind kind)
{
    struct scheduler *scheduler = process->scheduler;
    if (!(atomic_load(&process->wanted_events) & kind) || scheduler->events_closed)
        return;
    if (!process->events) {
        process_retain(process);
        process->next_event = NULL;
        *scheduler->last_event = process;
        scheduler->last_event = &process->next_event;
    }
    process->events |= kind;
    pthread_cond_signal(&scheduler->event_posted);
}

/* Nobody is told twice of a meter: it is on its own list until it is taken. */
void events_of_meters(struct scheduler *scheduler)
{
    if (meters_any_dry(scheduler->root))
        pthread_cond_signal(&scheduler->event_posted);
}

void events_close(struct scheduler *scheduler)
{
    scheduler->events_closed = true;
    pthread_cond_broadcast(&scheduler->event_posted);
}

static bool take_of_process(struct scheduler *scheduler, struct event *event)
{
    struct process *process = scheduler->first_event;
    if (!process)
        return false;
    *event = (struct event){.process = process, .kinds = process->events};
    process->events = 0;
    scheduler->first_event = process->next_event;
    if (!scheduler->first_event)
        scheduler->last_event = &scheduler->first_event;
    return true;
}

static bool take_of_meter(struct scheduler *scheduler, struct event *event)
{
    *event = (struct event){.meter = meters_next_dry(scheduler->root)};
    if (event->meter)
        trace_event(scheduler, TRACE_LIMIT_MET, 0, LIMIT_METER, meter_identity(event->meter));
    return event->meter != NULL;
}

/* By turns: processes that fault without end do not keep a meter's keeper from being told. */
static bool take(struct scheduler *scheduler, struct event *event)
{
    bool meter_first = scheduler->meter_is_next;
    scheduler->meter_is_next = !meter_first;
    if (meter_first)
        return take_of_meter(scheduler, event) || take_of_process(scheduler, event);
    return take_of_process(scheduler, event) || take_of_meter(scheduler, event);
}

void events_forget(struct scheduler *scheduler)
{
    struct event event;
    pthread_mutex_lock(&scheduler->lock);
    events_close(scheduler);
    while (take_of_process(scheduler, &event)) {
        pthread_mutex_unlock(&scheduler->lock);
        process_release(event.process);
        pthread_mutex_lock(&scheduler->lock);
    }
    pthread_mutex_unlock(&scheduler->lock);
}

enum event_result event_take(struct scheduler *scheduler, struct event *event, struct deadline deadline)
{
    enum event_result result = EVENT_TAKEN;
    pthread_mutex_lock(&scheduler->lock);
    while (result == EVENT_TAKEN && !take(scheduler, event)) {
        int error = 0;
        if (scheduler->events_closed)
            result = EVENTS_CLOSED;
        else if (deadline.exists)
            error = pthread_cond_timedwait(&scheduler->event_posted, &scheduler->lock, &deadline.at);
        else
            pthread_cond_wait(&scheduler->event_posted, &scheduler->lock);
        if (error == ETIMEDOUT)
            result = EVENT_TIMEOUT;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return result;
}
