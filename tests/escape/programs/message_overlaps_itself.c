/* idea: receive a message into the very struct that says where it goes, so that the host trusts what it has just written
   stopped by: the host reads the struct once, and looks at its own copy from then on
   expect: 0
   stdout: 0 64 alive */
#include <motte.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    int ends[2];
    char bytes[64];
    struct motte_message message;
    motte_channel_create(1, 4096, ends);
    memset(bytes, 0xff, sizeof bytes);
    motte_send(ends[0], &(struct motte_message){.bytes = bytes, .size = sizeof bytes, .capabilities = {ends[0]},
                                                .capability_count = 1}, 0);
    message = (struct motte_message){.bytes = &message, .room = 64};
    int result = motte_receive(ends[1], &message, 0, 0);
    printf("%d %u %s\n", result, message.size, motte_cap_kind(message.capabilities[0]) == MOTTE_SENDER ? "alive" : "lost");
    return 0;
}
