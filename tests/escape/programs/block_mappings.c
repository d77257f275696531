/* idea: use up the mappings that the whole host process may have, with blocks of many sizes at many places
   stopped by: blocks lie in berths of 2 MiB, which are counted, and what they leave behind is joined
   expect: 0
   stdout: all gone */
#include <motte.h>
#include <stdio.h>
int main(void)
{
    for (unsigned long round = 0; round < 8; round++) {
        int blocks[400], count = 0;
        for (unsigned long pages = 1; pages < 400; pages++) {
            int block = motte_block_alloc(pages * 4096);
            if (block < 0 || !motte_block_map(block)) {
                motte_block_free(block);
                break;
            }
            if (pages % 3 == round % 3)
                motte_block_freeze(block);
            blocks[count++] = block;
        }
        for (int i = 0; i < count; i++)
            if (motte_block_free(blocks[(unsigned long)i * 7 % (unsigned long)count]) < 0 && count % 7)
                return 1;
    }
    puts("all gone");
    return 0;
}
