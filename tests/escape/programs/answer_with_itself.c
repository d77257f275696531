/* idea: use the capability to answer a call as a part of its own answer, or twice in one message, so that it is freed twice
   stopped by: what moves into a message is there once, and not what the message is sent with
   expect: 0
   stdout: -1001 -1001 -1001 0 -1001 gone -1008 */
#include <motte.h>
#include <stdio.h>
int main(void)
{
    int ends[2], other[2];
    struct motte_message got = {0}, nothing = {0};
    motte_channel_create(1, 0, ends);
    motte_channel_create(1, 0, other);
    /* The call times out, but its capability stays a handle. */
    motte_call(ends[0], &nothing, &got, 1);
    motte_receive(ends[1], &got, 0, 0);
    int reply = got.reply;
    struct motte_message itself = {.capabilities = {reply}, .capability_count = 1};
    struct motte_message twice = {.capabilities = {reply, reply}, .capability_count = 2};
    int first = motte_reply(reply, &itself), second = motte_reply_receive(reply, &twice, ends[1], &got, 0);
    int third = motte_send(other[0], &twice, 0);
    int used = motte_reply(reply, &nothing), again = motte_reply(reply, &nothing);
    printf("%d %d %d %d %d ", first, second, third, used, again);
    for (int i = 0; i < 5000; i++) { /* a table that has lost count would break here */
        int copy = motte_cap_copy(ends[0]);
        if (copy > 0)
            motte_cap_drop(copy);
    }
    motte_cap_drop(ends[1]);
    printf("gone %d\n", motte_call(ends[0], &nothing, &got, -1));
    return 0;
}
