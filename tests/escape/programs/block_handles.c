/* idea: guess handles of blocks, and sizes and offsets that overflow
   stopped by: a handle is a place in the process's own table; sizes are checked in 64 bits
   expect: 0
   stdout: nothing found */
#include <motte.h>
#include <stdio.h>
int main(void)
{
    unsigned long seed = 1;
    int own = motte_block_alloc(8192);
    for (int i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        int handle = (int)(seed >> 32);
        if (handle == own)
            continue;
        if (motte_block_map(handle) || motte_block_unmap(handle) >= 0 || motte_block_size(handle) >= 0
            || motte_block_split(handle, 4096) >= 0 || motte_block_freeze(handle) >= 0 || motte_block_free(handle) >= 0)
            return 1;
        if (seed && motte_block_split(own, seed | 1ul << 40) >= 0)
            return 2;
        if (motte_block_alloc(seed | 1ul << 33) >= 0)
            return 3;
    }
    if (motte_block_size(own) != 8192)
        return 4;
    puts("nothing found");
    return 0;
}
