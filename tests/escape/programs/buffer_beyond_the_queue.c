/* idea: get messages into a queue that nobody has paid room for, by refusing one that was taken out of it
   stopped by: what is put back counts, and there is no room until the queue is below its limit again
   expect: 0
   stdout: refused -1004 then -1006 */
#include <motte.h>
#include <stdio.h>
int main(void)
{
    static char bytes[MOTTE_MESSAGE_BYTES];
    int ends[2], result = 0;
    struct motte_message large = {.bytes = bytes, .size = MOTTE_MESSAGE_BYTES}, small = {.bytes = bytes, .room = 1};
    motte_channel_create(1000, MOTTE_MESSAGE_BYTES, ends);
    motte_send(ends[0], &large, 0);
    int refused = motte_receive(ends[1], &small, 0, 0);
    for (int i = 0; i < 100 && result == 0; i++)
        result = motte_send(ends[0], &large, 0);
    printf("refused %d then %d\n", refused, result);
    return 0;
}
