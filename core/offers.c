#include "offers.h"

#include "clock.h"
#include "ipc/transfer.h"
#include "process.h"
#include "scheduler.h"
#include "slices.h"
#include "visit.h"
#include "worker.h"

static const uint64_t lasts_ns = 100000, at_once_ns = 20000;

static _Thread_local struct {
    uint64_t process; /* that it started last: its identity */
    uint64_t at;      /* ticks */
    bool waits_at_once;
} last_start;

void offer_prepare(struct offer *offer)
{
    *offer = (struct offer){.lasts = ns_to_ticks(lasts_ns), .at_once = ns_to_ticks(at_once_ns)};
}

/* Without a worker it is not known yet whether the host gives any: who starts the first is told. */
bool offer_make(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    struct offer *offer = &scheduler->offer;
    bool possible = last_start.waits_at_once && !offer->process && !process->host && scheduler->free_turns
                 && scheduler->workers && slices_prepare_watch(scheduler);
    if (!possible)
        return false;
    offer->process = process->identity;
    offer->ends = ticks_now() + offer->lasts;
    slices_look_at(&scheduler->slices, offer->ends);
    return true;
}

void offer_note_start(const struct process *process)
{
    last_start.process = process->identity;
    last_start.at = ticks_now();
    last_start.waits_at_once = false;
}

/* Under the lock.  Whatever comes of it, others may have waited for the turn, or for what has ended. */
static void accept(struct worker *visitor, struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    scheduler->offer.process = 0;
    bool visited = visitor && visit_in_turn(visitor, process);
    if (ipc_is_unsettled(scheduler))
        ipc_settle(scheduler);
    if (visited)
        schedule_at(scheduler, NULL, visitor->turn_ended);
    else
        schedule(scheduler, NULL);
}

/* The calling thread's, if it may be in no other visit. */
static struct worker *free_visitor(void)
{
    struct worker *visitor = visitor_here();
    return visitor && !atomic_load_explicit(&visitor->process, memory_order_relaxed) ? visitor : NULL;
}

bool offer_note_wait(const struct process *process)
{
    if (last_start.process != process->identity)
        return false;
    last_start.process = 0;
    last_start.waits_at_once = ticks_now() - last_start.at < process->scheduler->offer.at_once;
    return true;
}

bool offer_accept(struct process *process, uint64_t timeout_ns)
{
    struct scheduler *scheduler = process->scheduler;
    if (!offer_note_wait(process))
        return false;
    if (atomic_load(&process->state) == PROCESS_READY) {
        struct worker *visitor = timeout_ns >= VISIT_LIMIT_NS ? free_visitor() : NULL;
        pthread_mutex_lock(&scheduler->lock);
        if (scheduler->offer.process == process->identity && atomic_load(&process->state) == PROCESS_READY)
            accept(visitor, process);
        pthread_mutex_unlock(&scheduler->lock);
    }
    return atomic_load(&process->state) == PROCESS_EXITED;
}
