/* idea: make the host read or write outside the window through a message, its buffer, or what is chosen by
   stopped by: the host copies through checked 32-bit window addresses
   expect: 0
   stdout: send -14 -14 -14 -14 receive -14 -14 -14 -14 match -14 select -14 -14 create -14 -14 grant -14 kept 3 */
#include <motte.h>
#include <stdio.h>
static int ends[2];
static volatile unsigned long null = 0x10, edge = 0xfffffffc, gap = 0x10000000;
static const struct motte_message constant = {.size = 0};
static int sent(void *bytes) { return motte_send(ends[0], &(struct motte_message){.bytes = bytes, .size = 64}, 0); }
static int received(void *bytes)
{
    struct motte_message message = {.bytes = bytes, .room = 64};
    return motte_receive(ends[1], &message, 0, 0);
}
int main(void)
{
    static char there[64];
    struct motte_message message = {.bytes = there, .room = sizeof there};
    motte_channel_create(4, 4096, ends);
    for (int i = 0; i < 3; i++)
        sent(there);
    printf("send %d %d %d ", sent((void *)null), sent((void *)edge), sent((void *)gap));
    printf("%d ", motte_send(ends[0], (void *)edge, 0));
    printf("receive %d %d %d ", received((void *)null), received((void *)edge), received((void *)&constant));
    printf("%d ", motte_receive(ends[1], (struct motte_message *)&constant, 0, 0));
    printf("match %d ", motte_receive(ends[1], &message, (void *)edge, 0));
    printf("select %d %d ", motte_select((void *)null, 1, 0), motte_select((void *)edge, 64, 0));
    printf("create %d %d ", motte_channel_create(1, 1, (void *)edge), motte_channel_create(1, 1, (int *)&constant));
    printf("grant %d ", motte_grant((void *)edge));
    int kept = 0;
    while (motte_receive(ends[1], &message, 0, 0) == 0)
        kept++;
    printf("kept %d\n", kept);
    return 0;
}
