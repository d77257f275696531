/* Sends itself blocks, for ever. */
#include <motte.h>

int main(void)
{
    int in = motte_grant("in"), out = motte_grant("out");
    struct motte_message thrown = {.block_count = 3}, caught = {.room = 0};
    for (;;) {
        for (int i = 0; i < 3; i++)
            thrown.blocks[i] = motte_block_alloc(4096);
        if (motte_send(out, &thrown, -1) < 0 || motte_receive(in, &caught, 0, -1) < 0)
            return 1;
        for (int i = 0; i < 3; i++)
            motte_block_free(caught.blocks[i]);
    }
}
