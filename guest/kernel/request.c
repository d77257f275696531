#include "request.h"

void __motte_drop_all(const struct motte_message *message)
{
    for (unsigned i = 0; i < message->capability_count; i++)
        motte_cap_drop(message->capabilities[i]);
    for (unsigned i = 0; i < message->block_count; i++)
        motte_block_free(message->blocks[i]);
    if (message->reply)
        motte_cap_drop(message->reply);
}

/* Whoever answers may be another guest: nothing is believed of the answer. */
int __motte_request(int object, unsigned number, const struct request *request)
{
    struct motte_message asked = {
        .bytes = (void *)request->bytes,
        .size = request->size,
        .tag = number,
        .capability_count = request->capability_count,
        .blocks = {request->block},
        .block_count = request->block != 0,
    };
    struct motte_message answer = {.bytes = request->result, .room = request->result_size};
    for (unsigned i = 0; i < request->capability_count; i++)
        asked.capabilities[i] = request->capabilities[i];
    int result = motte_call(object, &asked, &answer, request->timeout);
    if (result < 0)
        return result;
    if (answer.tag)
        result = answer.tag < 4096 ? -(int)answer.tag : -MOTTE_REQUEST_ERROR;
    else if (answer.size != request->result_size || answer.capability_count != request->handles
             || answer.block_count)
        result = -MOTTE_REQUEST_ERROR;
    if (result < 0)
        __motte_drop_all(&answer);
    else if (request->handles)
        result = answer.capabilities[0];
    return result;
}

int __motte_request_size(int object, unsigned number, unsigned long size)
{
    struct motte_size_request request = {size};
    return __motte_request(object, number, &(struct request){.bytes = &request, .size = sizeof request, .timeout = -1});
}

int __motte_request_plain(int object, unsigned number)
{
    return __motte_request(object, number, &(struct request){.timeout = -1});
}

int __motte_request_record(int object, unsigned number, void *result, unsigned size)
{
    return __motte_request(object, number, &(struct request){.result = result, .result_size = size, .timeout = -1});
}
