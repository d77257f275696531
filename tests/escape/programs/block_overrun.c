/* idea: run off the end of a block, whose last 2 MiB are mapped as a whole
   stopped by: guard markers behind its last page
   expect: 139 UNMAPPED write 0xe0105000 */
#include <motte.h>
int main(void)
{
    char *volatile bytes = motte_block_map(motte_block_alloc(5 * 4096));
    for (unsigned long i = 0;; i++)
        bytes[i] = 1;
}
