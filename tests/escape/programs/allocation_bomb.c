/* idea: exhaust the host's memory
   stopped by: allocation draws from a bank with a limit; malloc returns NULL
   memory: 64MiB
   expect: 0
   stdout: null after less than the limit
   An argument gives the limit in MiB, if it is another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    unsigned long limit = (argc > 1 ? strtoul(argv[1], NULL, 10) : 64) << 20;
    unsigned long total = 0, step = 1 << 16;
    void *volatile last = NULL;
    for (void **p; (p = malloc(step)); total += step) {
        memset(p, 0x5a, step);
        *p = last;
        last = p;
    }
    printf("null after %s than the limit\n", total < limit && total > limit / 2 ? "less" : "more");
    return 0;
}
