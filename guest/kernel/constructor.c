#include <motte_constructor.h>
#include <string.h>
#include "request.h"

int motte_constructor_create(int program)
{
    return __motte_request(program, MOTTE_PROGRAM_CONSTRUCTOR, &(struct request){.handles = 1, .timeout = -1});
}

/* A capability goes along. */
static int give(int constructor, unsigned number, const void *bytes, unsigned size, int capability)
{
    struct request call = {
        .bytes = bytes,
        .size = size,
        .capabilities = &capability,
        .capability_count = 1,
        .timeout = -1,
    };
    return __motte_request(constructor, number, &call);
}

int motte_constructor_insert(int constructor, const char *name, int capability)
{
    char bytes[sizeof(struct motte_grant_request) + 64];
    struct motte_grant_request request = {1};
    size_t size = strlen(name) + 1;
    if (size > sizeof bytes - sizeof request)
        return -MOTTE_REQUEST_ERROR;
    memcpy(bytes, &request, sizeof request);
    memcpy(bytes + sizeof request, name, size);
    return give(constructor, MOTTE_CONSTRUCTOR_INSERT, bytes, sizeof request + size, capability);
}

int motte_constructor_keeper(int constructor, int channel)
{
    return give(constructor, MOTTE_CONSTRUCTOR_KEEPER, NULL, 0, channel);
}

int motte_constructor_seal(int constructor)
{
    return __motte_request_plain(constructor, MOTTE_CONSTRUCTOR_SEAL);
}

/* Whether it is sealed, then the names.  Whoever answers may be another guest: nothing is believed of the answer. */
static int ask_holes(int constructor, unsigned *sealed, char *names, unsigned room)
{
    char bytes[sizeof *sealed + 65 * 64];
    struct motte_message asked = {.tag = MOTTE_CONSTRUCTOR_HOLES}, answer = {.bytes = bytes, .room = sizeof bytes};
    int count = 0, result = motte_call(constructor, &asked, &answer, -1);
    if (result < 0)
        return result;
    for (unsigned i = 0; i < answer.capability_count; i++)
        motte_cap_drop(answer.capabilities[i]);
    if (answer.tag || answer.size < sizeof *sealed)
        return answer.tag && answer.tag < 4096 ? -(int)answer.tag : -MOTTE_REQUEST_ERROR;
    memcpy(sealed, bytes, sizeof *sealed);
    unsigned size = answer.size - sizeof *sealed;
    for (unsigned i = 0; i < size; i++)
        count += !bytes[sizeof *sealed + i];
    if (room)
        memcpy(names, bytes + sizeof *sealed, size < room ? size : room);
    return count;
}

int motte_constructor_holes(int constructor, char *names, unsigned room)
{
    unsigned sealed;
    return ask_holes(constructor, &sealed, names, room);
}

int motte_constructor_is_confined(int constructor)
{
    unsigned sealed;
    int holes = ask_holes(constructor, &sealed, NULL, 0);
    return holes < 0 ? holes : sealed && !holes;
}

int motte_constructor_make(int constructor, const struct motte_spawn_options *options)
{
    return __motte_make_process(constructor, MOTTE_CONSTRUCTOR_CREATE, options);
}

int motte_constructor_verify(int constructor, int process)
{
    return give(constructor, MOTTE_CONSTRUCTOR_VERIFY, NULL, 0, process);
}
