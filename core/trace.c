#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bank.h"
#include "clock.h"
#include "motte_abi.h"
#include "panic.h"
#include "process.h"
#include "worker.h"

struct trace {
    struct trace *next;
    struct scheduler *scheduler;
    struct bank *bank;
    uint64_t pages;
    struct trace_subjects subjects;
    int descriptor;
    bool awaited;           /* somebody has found nothing, and waits for the descriptor */
    uint64_t written, lost; /* records in all; the next one's number is their sum */
    uint64_t latest;        /* ticks: of the last record */
    uint32_t oldest, count, capacity;
    struct trace_record records[];
};

/* --- beginning and end ---------------------------------------------------------------------------------------------- */

static void free_trace(struct trace *trace)
{
    close(trace->descriptor);
    bank_refund(trace->bank, trace->pages);
    bank_release(trace->bank);
    scheduler_release(trace->scheduler);
    free(trace);
}

static struct trace *create(struct scheduler *scheduler, struct bank *bank, uint32_t records, uint64_t pages)
{
    struct trace *trace = malloc(sizeof *trace + records * sizeof *trace->records);
    int descriptor = trace ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (descriptor < 0) {
        free(trace);
        return NULL;
    }
    *trace = (struct trace){
        .scheduler = scheduler, .bank = bank, .pages = pages, .descriptor = descriptor, .capacity = records};
    bank_retain(bank);
    scheduler_retain(scheduler);
    return trace;
}

int trace_start(struct scheduler *scheduler, struct bank *bank, uint32_t records, const struct trace_subjects *subjects,
                struct trace **started)
{
    size_t size = sizeof(struct trace) + records * sizeof(struct trace_record);
    uint64_t pages = (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
    if (!bank_charge(bank, pages, NULL))
        return -ENOMEM;
    struct trace *trace = create(scheduler, bank, records, pages);
    if (!trace) {
        bank_refund(bank, pages);
        return errno == EMFILE || errno == ENFILE ? -errno : -ENOMEM;
    }
    trace->subjects = *subjects;
    pthread_mutex_lock(&scheduler->lock);
    trace->next = scheduler->traces;
    scheduler->traces = trace;
    pthread_mutex_unlock(&scheduler->lock);
    *started = trace;
    return 0;
}

void trace_stop(struct trace *trace)
{
    struct scheduler *scheduler = trace->scheduler;
    if (scheduler_is_here(scheduler)) {
        pthread_mutex_lock(&scheduler->lock);
        struct trace **link = &scheduler->traces;
        while (*link != trace)
            link = &(*link)->next;
        *link = trace->next;
        pthread_mutex_unlock(&scheduler->lock);
    }
    free_trace(trace);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

uint32_t trace_take(struct trace *trace, struct trace_record *records, uint32_t most)
{
    pthread_mutex_lock(&trace->scheduler->lock);
    uint32_t count = trace->count < most ? trace->count : most;
    for (uint32_t i = 0; i < count; i++)
        records[i] = trace->records[(trace->oldest + i) % trace->capacity];
    trace->oldest = (trace->oldest + count) % trace->capacity;
    trace->count -= count;
    pthread_mutex_unlock(&trace->scheduler->lock);
    return count;
}

uint32_t trace_count(struct trace *trace)
{
    pthread_mutex_lock(&trace->scheduler->lock);
    uint32_t count = trace->count;
    pthread_mutex_unlock(&trace->scheduler->lock);
    return count;
}

uint64_t trace_lost(struct trace *trace)
{
    pthread_mutex_lock(&trace->scheduler->lock);
    uint64_t lost = trace->lost;
    pthread_mutex_unlock(&trace->scheduler->lock);
    return lost;
}

int trace_descriptor(const struct trace *trace)
{
    return trace->descriptor;
}

static void tell(struct trace *trace)
{
    const uint64_t one = 1;
    trace->awaited = false;
    ssize_t written = write(trace->descriptor, &one, sizeof one);
    require(written == sizeof one, "nobody can be told of a trace's records");
}

/* Several may wait: what is taken from the descriptor here may be meant for another, and is put back if there is something. */
bool trace_await(struct trace *trace)
{
    uint64_t ignored;
    (void)!read(trace->descriptor, &ignored, sizeof ignored); /* from an earlier wait; before the look at the ring */
    pthread_mutex_lock(&trace->scheduler->lock);
    bool has_some = trace->count > 0;
    trace->awaited = !has_some;
    if (has_some)
        tell(trace);
    pthread_mutex_unlock(&trace->scheduler->lock);
    return has_some;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static bool is_about(const struct trace_subjects *subjects, const struct trace_record *record)
{
    if (!(subjects->kinds >> record->kind & 1))
        return false;
    bool found = subjects->process_count == 0;
    for (uint32_t i = 0; i < subjects->process_count && !found; i++)
        found = subjects->processes[i] == record->process;
    return found;
}

static void append(struct trace *trace, struct trace_record record)
{
    if (trace->count == trace->capacity) {
        trace->lost++;
        return;
    }
    trace->latest = record.ticks > trace->latest ? record.ticks : trace->latest;
    record.ticks = trace->latest;
    record.number = trace->written++ + trace->lost;
    trace->records[(trace->oldest + trace->count++) % trace->capacity] = record;
    if (trace->awaited)
        tell(trace);
}

void trace_write(struct scheduler *scheduler, struct trace_record record)
{
    if (!record.ticks)
        record.ticks = ticks_now();
    for (struct trace *trace = scheduler->traces; trace; trace = trace->next)
        if (is_about(&trace->subjects, &record))
            append(trace, record);
}

void trace_write_turn(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                      const struct worker *worker, uint64_t ticks, uint64_t used)
{
    bool ends = kind == TRACE_TURN_ENDS;
    trace_write(scheduler, (struct trace_record){
                               .kind = kind,
                               .ticks = ticks,
                               .process = process->identity,
                               .value = used,
                               .subject = ends ? atomic_load(&process->pages) : 0,
                               .thread = atomic_load(&worker->thread_id),
                           });
}

void trace_write_loan(struct scheduler *scheduler, const struct process *process, const struct process *lender,
                      const struct worker *worker)
{
    trace_write(scheduler, (struct trace_record){
                               .kind = TRACE_LENT,
                               .process = process->identity,
                               .subject = lender->identity,
                               .thread = atomic_load(&worker->thread_id),
                           });
}

/* Those that a process has of its own; what its bank or its meter refuses is told when it happens. */
static int limit_of(uint64_t stop_request)
{
    switch (stop_request >> 32) {
    case MOTTE_STOP_CPU_LIMIT:
        return LIMIT_CPU_TIME;
    case MOTTE_STOP_WALL_LIMIT:
        return LIMIT_WALL_TIME;
    case MOTTE_STOP_OUTPUT_LIMIT:
        return LIMIT_OUTPUT;
    default:
        return -1;
    }
}

void trace_write_exit(struct scheduler *scheduler, const struct process *process)
{
    uint64_t stop_request = atomic_load(&process->stop_request);
    int limit = limit_of(stop_request);
    if (limit >= 0)
        trace_event(scheduler, TRACE_LIMIT_MET, process->identity, (uint64_t)limit, 0);
    trace_event(scheduler, TRACE_EXITED, process->identity, stop_request, 0);
}
