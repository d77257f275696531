/* Takes megabytes until it has as many as its argument says, or gets no more; then says so and works for ever. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile latest;

int main(int argc, char **argv) {
    int wanted = argc > 1 ? atoi(argv[1]) : 1000, count = 0;
    while (count < wanted && (latest = malloc(1 << 20)) != NULL) {
        memset(latest, 1, 1 << 20);
        count++;
    }
    puts(count == wanted ? "got all" : "malloc returned NULL");
    if (argc > 2) {
        fflush(stdout);
        for (;;) {
            *latest = 1;
        }
    }
    return 0;
}
