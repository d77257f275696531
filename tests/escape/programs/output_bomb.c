/* idea: fill the host's disk or memory with output
   stopped by: a limit on output bytes
   output_limit: 1MiB
   expect: 153 OUTPUT_LIMIT */
#include <stdio.h>
int main(void)
{
    for (;;)
        puts("the quick brown fox jumps over the lazy dog");
}
