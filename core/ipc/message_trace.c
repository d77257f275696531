#include "message_trace.h"

#include "exchange/block.h"
#include "process.h"

void message_write_sent(struct scheduler *scheduler, struct message *message)
{
    message->traced_as = ++scheduler->traced_messages;
    trace_event(scheduler, TRACE_SENT, message->sender, message->size, message->traced_as);
}

void message_write_received(struct scheduler *scheduler, const struct process *process, const struct message *message)
{
    uint64_t receiver = process ? process->identity : 0, pages = 0;
    for (uint32_t i = 0; message->parcel && i < message->parcel->count; i++)
        pages += block_of(&message->parcel->blocks[i])->pages.count;
    trace_event(scheduler, TRACE_RECEIVED, receiver, message->size, message->traced_as);
    if (pages)
        trace_event(scheduler, TRACE_BLOCKS_MOVED, receiver, pages, message->traced_as);
}
