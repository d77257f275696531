/* idea: change a frozen block, which others see too
   stopped by: shared pages are mapped read-only everywhere
   expect: 139 READ_ONLY write 0xe0100000 */
#include <motte.h>
int main(void)
{
    int block = motte_block_alloc(4096);
    char *volatile bytes = motte_block_map(block);
    bytes[0] = 1;
    if (motte_block_freeze(block) < 0 || bytes[0] != 1)
        return 1;
    bytes[0] = 2;
    return 0;
}
