/* Services: what the host itself offers, as objects that answer calls.
 *
 * Banks, meters, processes and programs are such: whoever calls one of them sends a message that reaches the host's own
 * endpoint, with the identity of the object that was meant.  So an object of the host and an endpoint that another
 * process serves look the same to those who use them.
 *
 * The first capability to a service is the host's own, which it keeps as long as the object is there.  When no other is
 * left, the service is abandoned: the host's endpoint is notified, and asked which ones they are.  That allocates nothing,
 * for it happens where capabilities are dropped.
 *
 * Ends of processes that guests have started are told at the same place, in the same way: who serves them has to give back what
 * they had before anybody else hears of it, and would otherwise be woken for it on another thread.
 */
#ifndef MOTTE_SERVICE_H
#define MOTTE_SERVICE_H

#include "capability.h"

struct endpoint;
struct process;

struct service {
    struct object object;
    struct endpoint *server;
    uint64_t identity;
    enum motte_capability kind;
    uint32_t holders; /* capabilities, the host's own included */
    struct service *next, **link; /* server->abandoned */
};

/* Rights that capabilities to services can have: they are sent to, and received from nowhere. */
static const uint32_t SERVICE_RIGHTS = ~(uint32_t)(MOTTE_RIGHT_RECEIVE | MOTTE_RIGHT_BADGE | MOTTE_RIGHT_REVOKE);

/* NULL without memory. */
struct service *service_create(struct endpoint *server, uint64_t identity, enum motte_capability kind);

/* Under the lock: capabilities to it are invalid. */
void service_kill(struct service *service);

/* Under the lock: one capability to it is dropped. */
void service_discount(struct service *service);

/* Under the lock: the identity of one that is abandoned, each time another one; 0: there is none. */
uint64_t service_next_abandoned(struct endpoint *server);

/* Under the lock, before its start: the end of this process is told at the server's endpoint. */
void service_expect_end(struct endpoint *server, struct process *process);

/* Under the lock: it has ended; it goes away, and is not told of any more. */
void service_process_ended(struct process *process);
void service_forget_process(struct process *process);

/* Under the lock: the identity of a process that has ended, each time the next one; 0: there is none. */
uint64_t service_next_ended(struct endpoint *server);

/* Under the lock: nobody refers to it any more. */
void service_free(struct service *service);

#endif
