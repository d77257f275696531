/* Sums the numbers up to its argument, or works for ever without one. */
#include <stdio.h>
#include <stdlib.h>

static volatile unsigned long turns;

int main(int argc, char **argv) {
    if (argc < 2) {
        for (;;) {
            turns++;
        }
    }
    long last = atol(argv[1]), sum = 0;
    for (long i = 1; i <= last; i++) {
        sum += i;
    }
    printf("%ld\n", sum);
    return 0;
}
