/* Takes and touches all the memory that it can get; says how far it came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where an optimiser has to believe that somebody looks. */
static char *volatile latest;

int main(void) {
    size_t mebibytes = 0;
    for (; (latest = malloc(1 << 20)) != NULL; mebibytes++) {
        memset(latest, 0xff, 1 << 20);
    }
    printf("malloc says no; between 8 and 16 MiB before that: %s\n", mebibytes >= 8 && mebibytes < 16 ? "yes" : "no");
    return 0;
}
