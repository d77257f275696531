/* Looks a number up in a sorted file of numbers, which it finds in its memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t *const numbers = (const uint64_t *)0x90000000;

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    uint64_t wanted = strtoull(argv[1], NULL, 10), low = 0, high = strtoull(argv[2], NULL, 10);
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (numbers[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    printf("%llu is number %llu\n", (unsigned long long)wanted, (unsigned long long)low);
    return 0;
}
