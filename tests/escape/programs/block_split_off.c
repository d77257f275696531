/* idea: reach what was split off through the address that it had
   stopped by: the first part is mapped again by itself
   expect: 139 UNMAPPED read 0xe0102000 */
#include <motte.h>
int main(void)
{
    int block = motte_block_alloc(5 * 4096);
    char *volatile bytes = motte_block_map(block);
    bytes[8191] = bytes[8192] = 1;
    if (motte_block_split(block, 8192) < 0 || bytes[8191] != 1)
        return 1;
    return bytes[8192];
}
