/* The blocks of a message.
 *
 * The sender takes them out of its window before it holds the lock; under the lock they go from its table into the parcel,
 * all or none; and only then can anybody receive the message.  Where nothing comes of it, they go back to where they were,
 * under the same handles: a process that waits does nothing else with its table. */
#ifndef MOTTE_EXCHANGE_PARCEL_H
#define MOTTE_EXCHANGE_PARCEL_H

#include "ipc/capability.h"

struct bank;
struct guest_message;
struct message;
struct process;
struct worker;

struct parcel {
    uint32_t count;
    struct capability blocks[MOTTE_MESSAGE_BLOCKS]; /* none, before it is loaded */
    int32_t handles[MOTTE_MESSAGE_BLOCKS];          /* that the sender knew them by */
    uint32_t window_pages[MOTTE_MESSAGE_BLOCKS];    /* where the sender had them */
    bool charged[MOTTE_MESSAGE_BLOCKS];             /* to the receiver, too, for the moment */
};

/* Blocks that a process has taken out of its window to send them. */
struct unmapped_blocks {
    uint32_t count;
    int32_t handles[MOTTE_MESSAGE_BLOCKS];
    uint32_t window_pages[MOTTE_MESSAGE_BLOCKS];
};

/* Empty; kept by the calling worker for the next one.  NULL for threads that are none. */
struct parcel *parcel_create(struct worker *worker);
void parcel_free(struct worker *worker, struct parcel *parcel);

/* --- the sender, on its own worker ---------------------------------------------------------------------------------------- */

/* The parcel of a message that is to carry blocks; out of the window they are.  Without the lock; 0, or an error. */
int64_t parcel_prepare(struct process *process, const struct guest_message *request, struct message *message);

/* Under the lock; 0, or an error, and nothing has moved. */
int64_t parcel_load(struct process *process, struct parcel *parcel);

/* Under the lock: nothing came of it. */
void parcel_return(struct process *process, struct parcel *parcel);

/* Without the lock, in the end: what was unmapped and not sent goes back to its place in the window. */
void parcel_map_again(struct process *process);

/* --- on the way, under the lock ------------------------------------------------------------------------------------------- */

void parcel_drop(struct parcel *parcel);
void parcel_weaken(struct parcel *parcel);

/* --- the host, under the lock --------------------------------------------------------------------------------------------- */

/* Like host_ipc_attach. */
int64_t parcel_attach(struct message *message, struct capability *capability);

/* This bank pays from now on, unless it is none; false, and nothing has changed, if it has no room. */
bool parcel_accept(struct parcel *parcel, struct bank *bank);

/* --- the receiver, on its own worker, without the lock -------------------------------------------------------------------- */

/* Charges it; false if its bank has no room. */
bool parcel_charge(struct process *process, struct parcel *parcel);
void parcel_refund(struct process *process, struct parcel *parcel);

/* They are in its table: it pays, and the senders do not any more. */
void parcel_received(struct process *process, struct parcel *parcel);

#endif
