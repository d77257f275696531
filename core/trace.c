#include "trace.h"

#include <errno.h>
#include <stdlib.h>

#include "bank.h"
#include "clock.h"
#include "motte_abi.h"
#include "process.h"
#include "worker.h"

struct trace {
    struct scheduler *scheduler;
    struct bank *bank;
    uint64_t pages;
    uint64_t written, lost; /* records in all; the next one's number is their sum */
    uint64_t latest;        /* ticks: of the last record */
    uint32_t oldest, count, capacity;
    struct trace_record records[];
};

static void free_trace(struct trace *trace)
{
    bank_refund(trace->bank, trace->pages);
    bank_release(trace->bank);
    scheduler_release(trace->scheduler);
    free(trace);
}

int trace_start(struct scheduler *scheduler, struct bank *bank, uint32_t records, struct trace **started)
{
    size_t size = sizeof(struct trace) + records * sizeof(struct trace_record);
    uint64_t pages = (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
    if (!bank_charge(bank, pages, NULL))
        return -ENOMEM;
    struct trace *trace = malloc(size);
    if (!trace) {
        bank_refund(bank, pages);
        return -ENOMEM;
    }
    *trace = (struct trace){.scheduler = scheduler, .bank = bank, .pages = pages, .capacity = records};
    bank_retain(bank);
    scheduler_retain(scheduler);

    pthread_mutex_lock(&scheduler->lock);
    bool is_first = !scheduler->trace;
    if (is_first)
        scheduler->trace = trace;
    pthread_mutex_unlock(&scheduler->lock);
    if (!is_first) {
        free_trace(trace);
        return -EBUSY;
    }
    *started = trace;
    return 0;
}

void trace_stop(struct trace *trace)
{
    struct scheduler *scheduler = trace->scheduler;
    if (scheduler_is_here(scheduler)) {
        pthread_mutex_lock(&scheduler->lock);
        scheduler->trace = NULL;
        pthread_mutex_unlock(&scheduler->lock);
    }
    free_trace(trace);
}

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

void trace_write(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                 const struct worker *worker, uint64_t ticks, uint64_t used)
{
    struct trace *trace = scheduler->trace;
    if (trace->count == trace->capacity) {
        trace->lost++;
        return;
    }
    uint64_t at = worker ? ticks : ticks_now();
    trace->latest = at > trace->latest ? at : trace->latest;
    trace->records[(trace->oldest + trace->count++) % trace->capacity] = (struct trace_record){
        .number = trace->written++ + trace->lost,
        .ticks = trace->latest,
        .process = process->identity,
        .used = used,
        .kind = kind,
        .thread = worker ? atomic_load(&worker->thread_id) : 0,
    };
}
