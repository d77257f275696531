/* Traces of what a scheduler does: who joins, wants to run, begins and ends turns, sends, receives, faults, meets limits, leaves.
 *
 * All of this happens under the scheduler's lock, so that a trace needs no other, and its order is the order in which things
 * happened.  While there is no trace, each place costs a look at a pointer and a branch that is never taken.
 *
 * A trace is a ring of a fixed size, paid for by a bank.  It may be of some kinds of records only, and of some processes;
 * what it is not about takes no room in it.  What finds no room is counted, and leaves a gap in the records' numbers: a trace is
 * complete, or it says where it is not.
 *
 * Whoever wants to read a trace as it grows waits for a descriptor.  It is written to once for each time that somebody has
 * found the ring empty and said so (trace_await), not for each record.
 */
#ifndef MOTTE_TRACE_H
#define MOTTE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler.h"

struct bank;
struct process;
struct worker;

/* The numbers are those of motte.trace.TraceKind.  `value` and `subject` of a record are 0 where nothing is said of them. */
enum trace_kind {
    TRACE_SPAWNED,      /* it has joined */
    TRACE_READY,        /* it wants to run: it was started, its sleep is over, it was answered */
    TRACE_TURN_BEGINS,  /* also if it lends it to another in the end */
    TRACE_TURN_ENDS,    /* value: ticks that it is charged for the turn; subject: pages that it holds */
    TRACE_FAULTED,      /* a keeper is asked. value: enum motte_fault; subject: the address */
    TRACE_EXITED,       /* value: its stop request */
    TRACE_ANSWERED,     /* by a keeper. value: enum answer */
    TRACE_SENT,         /* process: the sender, 0 the host. value: bytes; subject: the message's number */
    TRACE_RECEIVED,     /* process: the receiver, 0 the host. value and subject as when it was sent */
    TRACE_BLOCKS_MOVED, /* with a message that was received. value: pages; subject: the message's number */
    TRACE_LIMIT_MET,    /* value: enum trace_limit; subject: the identity of the bank or meter; pages << 8 are in the value */
    TRACE_LENT,         /* it goes on in another's turn. subject: the other's identity */
    TRACE_KINDS,
};

enum trace_limit { LIMIT_BANK, LIMIT_METER, LIMIT_CPU_TIME, LIMIT_WALL_TIME, LIMIT_OUTPUT };

struct trace_record {
    uint64_t number;  /* from 0 on, what was lost included */
    uint64_t ticks;   /* never less than before: a turn counts from the end of the last, and others come in between */
    uint64_t process; /* its identity; 0: the host, or nobody in particular */
    uint64_t value, subject;
    uint32_t kind;  /* enum trace_kind */
    int32_t thread; /* of a turn: the host's id of its worker; else 0 */
};

enum { TRACE_RECORDS_LIMIT = 1 << 24, TRACE_PROCESSES_LIMIT = 64 };

struct trace;

/* What a trace is about: kinds by bit, and so many processes; none means all of them. */
struct trace_subjects {
    uint32_t kinds, process_count;
    uint64_t processes[TRACE_PROCESSES_LIMIT];
};

/* 0; -ENOMEM: the bank, a superior, or the host has no room; or the host's refusal of a descriptor. */
int trace_start(struct scheduler *scheduler, struct bank *bank, uint32_t records, const struct trace_subjects *subjects,
                struct trace **started);

/* Nothing is recorded any more; what was not taken is gone, and the bank has its pages back. */
void trace_stop(struct trace *trace);

/* Moves the oldest records out, so many at most; how many they were. */
uint32_t trace_take(struct trace *trace, struct trace_record *records, uint32_t most);

/* So many can be taken now. */
uint32_t trace_count(struct trace *trace);

/* So many were lost in all. */
uint64_t trace_lost(struct trace *trace);

/* The descriptor: readable once there is a record after trace_await.  The trace closes it when it stops. */
int trace_descriptor(const struct trace *trace);

/* True: there are records, and the descriptor is readable.  False: it will be, once there are some. */
bool trace_await(struct trace *trace);

/* --- under the scheduler's lock ------------------------------------------------------------------------------------ */

/* `record` has all but number and, if they are to be now, ticks. */
void trace_write(struct scheduler *scheduler, struct trace_record record);

void trace_write_turn(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                      const struct worker *worker, uint64_t ticks, uint64_t used);
void trace_write_loan(struct scheduler *scheduler, const struct process *process, const struct process *lender,
                      const struct worker *worker);
void trace_write_exit(struct scheduler *scheduler, const struct process *process);

static inline bool is_traced(const struct scheduler *scheduler)
{
    return __builtin_expect(scheduler->traces != NULL, false);
}

static inline void trace_turn(struct scheduler *scheduler, enum trace_kind kind, const struct process *process,
                              const struct worker *worker, uint64_t ticks, uint64_t used)
{
    if (is_traced(scheduler))
        trace_write_turn(scheduler, kind, process, worker, ticks, used);
}

static inline void trace_event(struct scheduler *scheduler, enum trace_kind kind, uint64_t process, uint64_t value,
                               uint64_t subject)
{
    if (is_traced(scheduler))
        trace_write(scheduler,
                    (struct trace_record){.kind = kind, .process = process, .value = value, .subject = subject});
}

#endif
