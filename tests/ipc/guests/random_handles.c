/* A million calls with handles that it made up: each must fail with the error for such handles, and with nothing else. */
#include <motte.h>
#include <motte_services.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long state = 88172645463325252ul;

static unsigned next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 16);
}

/* Not one of those that it has: 1 to `held`. */
static int invented(int held)
{
    for (;;) {
        int handle = next() % 4 ? (int)next() : (int)(next() % 5000) - 10;
        if (handle < 1 || handle > held)
            return handle;
    }
}

static int use(unsigned which, int handle)
{
    char byte = 0;
    int handles[2], none = handle;
    struct motte_message message = {.bytes = &byte, .size = 1, .room = 1}, answer = message;
    switch (which) {
    case 0: return motte_cap_copy(handle);
    case 1: return motte_cap_drop(handle);
    case 2: return motte_cap_restrict(handle, next(), next(), (int)next());
    case 3: return motte_cap_revoke(handle, next());
    case 4: return motte_cap_kind(handle);
    case 5: return motte_send(handle, &message, 0);
    case 6: return motte_receive(handle, &message, 0, 0);
    case 7: return motte_call(handle, &message, &answer, -1);
    case 8: return motte_reply(handle, &message);
    case 9: return motte_select(&none, 1, 0);
    case 10: return motte_notify(handle, 1 + next() % 1000);
    case 11: return motte_cap_forward(handle, (int)next() % 2, handles);
    case 12: return motte_cap_retarget(handle, handle);
    case 13: return motte_reply_receive(handle, &message, handle, &answer, 0);
    default: /* it sends what it does not have */
        message.capabilities[next() % 4] = handle;
        message.capability_count = 4;
        return motte_send(motte_grant("out"), &message, 0);
    }
}

int main(int argc, char **argv)
{
    int calls = argc > 1 ? atoi(argv[1]) : 1000, held = 2;
    for (int i = 0; i < calls; i++) {
        int handle = invented(held);
        unsigned which = next() % 15;
        int result = use(which, handle);
        if (result != -MOTTE_INVALID_CAP) {
            printf("call %d, kind %u, of handle %d: %d\n", i, which, handle, result);
            return 1;
        }
    }
    printf("clean");
    return 0;
}
