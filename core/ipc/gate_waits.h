/* How the gates for messages begin to wait, and how they end. */
#ifndef MOTTE_GATE_WAITS_H
#define MOTTE_GATE_WAITS_H

#include <stdint.h>

#include "message.h"
#include "waiting.h"

/* Where keepers supply pages, they do so before anything has happened: false if the message at this address cannot be
 * received. */
bool gate_prepare_buffer(struct process *process, uint64_t claimed_address);

/* --- under the scheduler's lock ------------------------------------------------------------------------------------------- */

/* `claimed_timeout` is in nanoseconds from now; negative: for ever. */
void gate_begin_wait(struct process *process, enum wait_kind kind, uint64_t claimed_timeout);

/* Goes on with `next`, with the one whose turn it is, or not at all; unlocks.  The result of the gate. */
int64_t gate_wait(struct process *process, struct process *next);

/* The same after a call of this endpoint: if a thread of the host receives there, its answer may come at once (awake.h). */
int64_t gate_wait_for_answer(struct process *process, const struct endpoint *endpoint);

/* Ends the gate with this result; unlocks. */
int64_t gate_unlock(struct process *process, int64_t result);

/* The same for a message that was not sent: what had moved into it is the sender's still. */
int64_t gate_refuse(struct process *process, struct message *message, int64_t result);

/* The answer to a call (send_calls.c): the one use of a capability to answer, which cannot be part of its own answer.  0, or an
 * error, and nothing has happened. */
int64_t gate_answer(struct process *process, uint64_t claimed_handle, const struct guest_message *request,
                    struct message *message);

#endif
