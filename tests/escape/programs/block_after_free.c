/* idea: write to a block that was given up
   stopped by: its pages left the window before the call returned
   expect: 139 UNMAPPED write 0xe0101003 */
#include <motte.h>
int main(void)
{
    int block = motte_block_alloc(1 << 20);
    char *volatile bytes = motte_block_map(block);
    bytes[4099] = 1;
    if (motte_block_free(block) < 0)
        return 1;
    bytes[4099] = 2;
    return 0;
}
