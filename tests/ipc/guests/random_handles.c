/*
 * A million calls with handles that it made up: each must fail with the error for such handles, and with nothing else.  Then
 * those that it has, which are no such thing: that is the same error, or the one for what a capability does not allow.
 */
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

/* Blocks, and whatever the host serves. */
static int ask(unsigned which, int handle)
{
    unsigned long registers[MOTTE_REGISTERS];
    struct motte_end end;
    switch (which) {
    case 0: return (int)motte_block_size(handle);
    case 1: return motte_block_map(handle) ? 1 : -MOTTE_INVALID_CAP;
    case 2: return motte_block_unmap(handle);
    case 3: return motte_block_split(handle, 4096);
    case 4: return motte_block_freeze(handle);
    case 5: return motte_block_free(handle);
    case 6: return motte_spawn(handle, NULL);
    case 7: return motte_wait(handle, &end, 0);
    case 8: return motte_bank_create(handle, next());
    case 9: return motte_bank_destroy(handle);
    case 10: return motte_meter_create(handle);
    case 11: return motte_fault_registers(handle, registers);
    case 12: return motte_fault_resume(handle);
    case 13: return (int)motte_timer(handle, motte_grant("out"), next(), 1);
    case 14: return motte_name_lookup(handle, "name");
    case 15: return motte_draft_create(handle, next());
    default: return motte_constructor_seal(handle);
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

/* Neither refuses what the other is for. */
static int misuse(void)
{
    int out = motte_grant("out"), in = motte_grant("in");
    struct motte_message message = {.room = 0}, answer = message;
    const int results[] = {
        motte_receive(out, &message, 0, 0),
        motte_select(&out, 1, 0),
        motte_reply(out, &message),
        motte_reply_receive(out, &message, in, &answer, 0),
        motte_cap_retarget(out, out),
        (int)motte_block_size(out),
        motte_block_unmap(out),
        motte_block_split(out, 4096),
        motte_block_freeze(out),
        motte_block_free(out),
        motte_send(in, &message, 0),
        motte_call(in, &message, &answer, 0),
        motte_notify(in, 1),
        motte_reply(in, &message),
        motte_cap_retarget(in, in),
        motte_bank_figures(in, NULL),
        motte_spawn(in, NULL),
    };
    for (unsigned i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i] != -MOTTE_INVALID_CAP && results[i] != -MOTTE_NO_ACCESS) {
            printf("misuse %u: %d\n", i, results[i]);
            return 1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    int calls = argc > 1 ? atoi(argv[1]) : 1000, held = 2;
    for (int i = 0; i < calls; i++) {
        int handle = invented(held);
        unsigned which = next() % 32;
        int result = which < 15 ? use(which, handle) : ask(which - 15, handle);
        if (result != -MOTTE_INVALID_CAP) {
            printf("call %d, kind %u, of handle %d: %d\n", i, which, handle, result);
            return 1;
        }
    }
    if (misuse())
        return 1;
    printf("clean");
    return 0;
}
