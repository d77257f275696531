/* Tries every handle that it can think of: somebody's mailbox may be behind one of them. */
#include <motte.h>
#include <stdio.h>

int main(void) {
    int opened = 0, tried = 0;
    for (int handle = -1000; handle < 100000; handle++, tried++) {
        struct motte_message letter = {.size = 0};
        opened += motte_send(handle, &letter, 0) != -MOTTE_INVALID_CAP;
        opened += motte_cap_drop(handle) != -MOTTE_INVALID_CAP;
    }
    printf("%d handles tried, %d of them valid\n", tried, opened);
    return 0;
}
