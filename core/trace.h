/* A trace of what a scheduler does: who joins, wants to run, begins and ends turns, faults and leaves.
 *
 * All of this happens under the scheduler's lock, so that the trace needs no other, and its order is the order in which things
 * happened.  While there is no trace, each place costs a look at a pointer and a branch that is never taken.
 *
 * A trace is a ring of a fixed size, paid for by a bank.  What finds no room in it is counted, and leaves a gap in the
 * records' numbers: a trace is complete, or it says where it is not.
 */
#ifndef MOTTE_TRACE_H
#define MOTTE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler.h"

struct bank;
struct process;
struct worker;

/* The numbers are those of motte.trace.TraceKind. */
enum trace_kind {
    TRACE_SPAWNED,     /* it has joined */
    TRACE_READY,       /* it wants to run: it was started, its sleep is over, it was answered */
    TRACE_TURN_BEGINS, /* also if it lends it to another in the end */
    TRACE_TURN_ENDS,   /* `used`: what it is charged for the turn */
    TRACE_FAULTED,     /* a keeper is asked */
    TRACE_EXITED,
};

struct trace_record {
    uint64_t number; /* from 0 on, what was lost included */
    uint64_t ticks;   /* never less than before: a turn counts from the end of the last, and others come in between */
    uint64_t process; /* its identity */
    uint64_t used;    /* ticks */
    uint32_t kind;    /* enum trace_kind */
    int32_t thread;   /* of a turn: the host's id of its worker; else 0 */
};

enum { TRACE_RECORDS_LIMIT = 1 << 24 };

struct trace;

/* 0; -EBUSY: the scheduler is traced already; -ENOMEM: the bank, a superior, or the host has no room. */
int trace_start(struct scheduler *scheduler, struct bank *bank, uint32_t records, struct trace **started);

/* Nothing is recorded any more; what was not taken is gone, and the bank has its pages back. */
void trace_stop(struct trace *trace);

/* Moves the oldest records out, so many at most; how many they were. */
uint32_t trace_take(struct trace *trace, struct trace_record *records, uint32_t most);

/* So many can be taken now. */
uint32_t trace_count(struct trace *trace);

/* So many were lost in all. */
uint64_t trace_lost(struct trace *trace);

/* --- under the scheduler's lock ------------------------------------------------------------------------------------ */

void trace_write(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                 const struct worker *worker, uint64_t ticks, uint64_t used);

static inline void trace_turn(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                              const struct worker *worker, uint64_t ticks, uint64_t used)
{
    if (__builtin_expect(scheduler->trace != NULL, false))
        trace_write(scheduler, kind, process, worker, ticks, used);
}

static inline void trace_event(struct scheduler *scheduler, enum trace_kind kind, const struct process *process)
{
    if (__builtin_expect(scheduler->trace != NULL, false))
        trace_write(scheduler, kind, process, NULL, 0, 0);
}

#endif
