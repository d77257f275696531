/* idea: keep on writing to a block that lies in a queue, where nobody has received it yet
   stopped by: its pages left the window before it was queued
   expect: 139 UNMAPPED write 0xe0100000 */
#include <motte.h>
int main(void)
{
    int ends[2], block = motte_block_alloc(8192);
    char *volatile bytes = motte_block_map(block);
    struct motte_message message = {.blocks = {block}, .block_count = 1};
    bytes[0] = 1;
    if (motte_channel_create(1, 64, ends) < 0 || motte_send(ends[0], &message, 0) < 0)
        return 1;
    bytes[0] = 2;
    return 0;
}
