/* idea: exhaust the host's memory
   stopped by: allocation draws from a bank with a limit; malloc returns NULL
   memory: 200MiB
   expect: 0
   stdout: null after less than 200 MiB */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    unsigned long total = 0, step = 1 << 16;
    void *volatile last = NULL;
    for (void **p; (p = malloc(step)); total += step) {
        memset(p, 0x5a, step);
        *p = last;
        last = p;
    }
    printf("null after %s than 200 MiB\n", total < 200ul << 20 && total > 100ul << 20 ? "less" : "more");
    return 0;
}
