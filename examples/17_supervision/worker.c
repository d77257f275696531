/* Waits for ever; or ends as its argument says: "crash", or with an exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "crash") == 0) {
        *(volatile int *)8 = 1;
    }
    if (argc > 1) {
        return atoi(argv[1]);
    }
    for (;;) {
        sleep(1000);
    }
}
