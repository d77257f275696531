#include <string.h>
#include "request.h"

#define LONGEST_NAME 64

static int ask(int names, unsigned number, const char *name, int channel, unsigned handles)
{
    struct {
        struct motte_name_request request;
        char name[LONGEST_NAME];
    } bytes;
    size_t size = strlen(name);
    if (size > LONGEST_NAME)
        return -MOTTE_REQUEST_ERROR;
    bytes.request.size = size;
    memcpy(bytes.name, name, size);
    struct request call = {
        .bytes = &bytes,
        .size = sizeof bytes.request + size,
        .capabilities = &channel,
        .capability_count = channel != 0,
        .handles = handles,
        .timeout = -1,
    };
    return __motte_request(names, number, &call);
}

int motte_name_register(int names, const char *name, int channel)
{
    return ask(names, MOTTE_NAME_REGISTER, name, channel, 0);
}

int motte_name_lookup(int names, const char *name)
{
    return ask(names, MOTTE_NAME_LOOKUP, name, 0, 1);
}

int motte_name_unregister(int names, const char *name)
{
    return ask(names, MOTTE_NAME_UNREGISTER, name, 0, 0);
}
