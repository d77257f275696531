/* A kernel defines `uint64_t kernel(void)`: a few milliseconds of work, and a checksum of it.
   The program repeats it and prints the checksum and the shortest repetition in nanoseconds:
   "<checksum> <nanoseconds>". Every contender runs this same source. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t kernel(void);

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* xorshift64*: the same numbers everywhere, with no libc in the measured loop. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull;
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 10;
    uint64_t shortest = UINT64_MAX, checksum = 0;
    for (int i = 0; i < repetitions; i++) {
        uint64_t start = now_ns();
        checksum = kernel();
        uint64_t elapsed = now_ns() - start;
        if (elapsed < shortest)
            shortest = elapsed;
    }
    printf("%" PRIx64 " %" PRIu64 "\n", checksum, shortest);
    return 0;
}
