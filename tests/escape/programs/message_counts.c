/* idea: let the host count beyond its own arrays: sizes, capabilities, blocks and endpoints that are too many
   stopped by: all numbers of a message are checked before anything is made of it
   expect: 0
   stdout: size -1004 -1004 capabilities -1004 -1004 blocks -1004 flags -1004 select -1004 -1004 create -1004 -1004 room 0 */
#include <motte.h>
#include <stdio.h>
int main(void)
{
    static char bytes[MOTTE_MESSAGE_BYTES];
    static int many[65];
    int ends[2];
    motte_channel_create(1, MOTTE_MESSAGE_BYTES, ends);
    const unsigned most = ~0u;
    struct motte_message one = {.bytes = bytes, .size = MOTTE_MESSAGE_BYTES + 1}, all = {.bytes = bytes, .size = most};
    struct motte_message five = {.capability_count = 5}, most_of_them = {.capability_count = most};
    struct motte_message blocks = {.block_count = most}, flags = {.flags = most}, room = {.bytes = bytes, .room = most};
    printf("size %d %d ", motte_send(ends[0], &one, 0), motte_send(ends[0], &all, 0));
    printf("capabilities %d %d ", motte_send(ends[0], &five, 0), motte_send(ends[0], &most_of_them, 0));
    printf("blocks %d ", motte_send(ends[0], &blocks, 0));
    printf("flags %d ", motte_send(ends[0], &flags, 0));
    for (int i = 0; i < 65; i++)
        many[i] = ends[1];
    printf("select %d %d ", motte_select(many, 65, 0), motte_select(many, 0, 0));
    printf("create %d %d ", motte_channel_create(most, ~0ul, ends), motte_channel_create(1, ~0ul, ends));
    motte_send(ends[0], &(struct motte_message){.bytes = bytes, .size = 10}, 0);
    printf("room %d\n", motte_receive(ends[1], &room, 0, 0));
    return 0;
}
