/* Waiting for messages, answers and room: of processes, and of threads of the host.
 *
 * A wait has one place in the line of each endpoint that it is for.  Whoever ends it takes it out of all lines and writes
 * down what it came to, in one step under the lock: so nobody is woken twice, and no message is on its way to two.
 * Messages go from hand to hand: one that somebody waits for never enters the queue.
 */
#ifndef MOTTE_WAITING_H
#define MOTTE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "capability.h"
#include "guest_memory.h"

struct endpoint;
struct membrane;
struct message;
struct process;
struct wait;
struct worker;

struct match {
    uint32_t tag, badge;
    bool by_tag, by_badge;
};

/* A place in a line. */
struct waiter {
    struct waiter *next, *previous;
    struct endpoint *endpoint; /* NULL: it is in none */
    struct wait *wait;
    const struct capability *by; /* that gives the right to be here */
    uint32_t index; /* of several */
};

enum { CALL_MEMBRANES = 8 };

enum wait_kind { WAIT_NOTHING, WAIT_MESSAGE, WAIT_ANSWER, WAIT_ROOM, WAIT_ANY };

struct wait {
    enum wait_kind kind;
    bool finished;
    bool calls; /* with WAIT_ROOM: it will wait for an answer then */
    int64_t result;
    uint32_t bits;             /* a notification that came */
    struct message *message;   /* that came */
    struct message *outgoing;  /* with WAIT_ROOM */
    struct match match;        /* with WAIT_MESSAGE */
    struct waiter single, *several;
    uint32_t count;            /* of several */
    struct process *process;   /* NULL: it is part of a struct host_wait */
};

/* Who waits for an answer: one for each process, and for each call of the host.  References are counted under the lock. */
struct caller {
    struct object object;
    uint64_t number; /* of the call, which is the stamp of the capability to answer it */
    bool open;
    bool weak; /* the call goes through a weak capability: so does what its answer carries */
    struct wait *wait;
    struct membrane *membranes[CALL_MEMBRANES]; /* that the call has crossed, and its answer will, each with a reference */
    uint32_t membrane_count;
};

/* --- under the lock ----------------------------------------------------------------------------------------------------- */

/* At the end of the line. */
void waiter_enter(struct waiter *waiter, struct wait *wait, const struct capability *by, struct endpoint *endpoint,
                  struct waiter **first, struct waiter **last);

/* Out of all lines. */
void wait_leave(struct wait *wait);

/* It is over.  Takes the message over; one that was to be sent is dropped, or is its thread's again.  Processes get ready; the
 * caller calls ipc_settle() in the end. */
void wait_finish(struct wait *wait, int64_t result, struct message *message);

/* The same without waking anybody: for who goes on at once; or is woken by ipc_wake after all. */
void wait_finish_quietly(struct wait *wait, int64_t result, struct message *message);
void ipc_wake(struct process *process);

#endif
