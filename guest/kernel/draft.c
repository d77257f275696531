#include <motte_launch.h>
#include "request.h"

static int create(int launcher, unsigned long size, int block)
{
    struct motte_size_request request = {size};
    struct request call = {.bytes = &request, .size = sizeof request, .block = block, .handles = 1, .timeout = -1};
    return __motte_request(launcher, MOTTE_LAUNCHER_DRAFT, &call);
}

int motte_draft_create(int launcher, unsigned long size)
{
    return create(launcher, size, 0);
}

int motte_draft_block(int launcher, int block, unsigned long size)
{
    return block ? create(launcher, size, block) : -MOTTE_INVALID_CAP;
}

int motte_draft_append(int draft, const void *bytes, unsigned long size)
{
    const char *next = bytes;
    while (size) {
        unsigned piece = size < MOTTE_MESSAGE_BYTES ? (unsigned)size : MOTTE_MESSAGE_BYTES;
        struct request call = {.bytes = next, .size = piece, .timeout = -1};
        int result = __motte_request(draft, MOTTE_DRAFT_APPEND, &call);
        if (result < 0)
            return result;
        next += piece;
        size -= piece;
    }
    return 0;
}

int motte_draft_compile(int draft, int bank)
{
    struct request call = {.capabilities = &bank, .capability_count = bank != 0, .handles = 1, .timeout = -1};
    return __motte_request(draft, MOTTE_DRAFT_COMPILE, &call);
}

/* The length of the answer is not known before. */
int motte_draft_diagnostics(int draft, struct motte_diagnostics *diagnostics)
{
    if (!diagnostics->room)
        return 0;
    struct motte_size_request request = {diagnostics->room - 1};
    struct motte_message asked = {.bytes = &request, .size = sizeof request, .tag = MOTTE_DRAFT_DIAGNOSTICS};
    struct motte_message answer = {.bytes = diagnostics->text, .room = diagnostics->room - 1};
    int result = motte_call(draft, &asked, &answer, -1);
    diagnostics->text[result < 0 ? 0 : answer.size] = 0;
    for (unsigned i = 0; result == 0 && i < answer.capability_count; i++)
        motte_cap_drop(answer.capabilities[i]);
    return result;
}
