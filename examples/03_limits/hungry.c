/* Takes too much of whatever its argument names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile unsigned turns;
static char *volatile latest;

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    if (strcmp(argv[1], "memory") == 0) {
        int mebibytes = 0;
        for (; (latest = malloc(1 << 20)) != NULL; mebibytes++) {
            memset(latest, 1, 1 << 20);
        }
        puts(mebibytes > 0 && mebibytes < 32 ? "malloc returned NULL in time" : "malloc is out of its mind");
    } else if (strcmp(argv[1], "time") == 0) {
        for (;;) {
            turns++;
        }
    } else if (strcmp(argv[1], "output") == 0) {
        for (;;) {
            puts("and so on");
        }
    }
    return 0;
}
