/* What traces tell of messages: where each was sent and received, under one number. */
#ifndef MOTTE_MESSAGE_TRACE_H
#define MOTTE_MESSAGE_TRACE_H

#include "message.h"
#include "trace.h"

struct wait;

/* --- under the lock --------------------------------------------------------------------------------------------------- */

void message_write_sent(struct scheduler *scheduler, struct message *message);
void message_write_received(struct scheduler *scheduler, const struct process *process, const struct message *message);

/* It has left its sender's hands: it is in a queue, or in the hands of who waits for it. */
static inline void message_trace_sent(struct scheduler *scheduler, struct message *message)
{
    if (is_traced(scheduler))
        message_write_sent(scheduler, message);
}

/* It is in the hands of this process, or of the host if it is NULL.  One that was sent before anybody traced is nobody's. */
static inline void message_trace_received(struct scheduler *scheduler, const struct process *process,
                                          const struct message *message)
{
    if (is_traced(scheduler) && message->traced_as)
        message_write_received(scheduler, process, message);
}

#endif
