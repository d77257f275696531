/* idea: wait for the same endpoint many times at once, so that one message wakes one process more than once
   stopped by: whoever ends a wait takes it out of all lines first
   expect: 0
   stdout: 0 0 0 */
#include <motte.h>
#include <stdio.h>
#include <string.h>
#include <motte_services.h>
int main(void)
{
    int ends[2], same[64];
    struct motte_message message = {0};
    motte_channel_create(4, 0, ends);
    for (int i = 0; i < 64; i++)
        same[i] = ends[1];
    int waited = motte_select(same, 64, 1000000);
    motte_notify(ends[0], 1);
    int ready = motte_select(same, 64, -1), received = motte_receive(ends[1], &message, 0, 0);
    printf("%d %d %d\n", waited == -MOTTE_TIMEOUT ? 0 : waited, ready, received);
    return 0;
}
