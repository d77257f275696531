/* When does a process reach a CPU time of LIMIT_NS, by the clock on the wall?  Prints the address of two numbers that it
   keeps current until then, CPU time and CLOCK_MONOTONIC in nanoseconds, and runs until it is stopped. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile int64_t last[2];

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
    int64_t limit = argc > 1 ? atoll(argv[1]) : 0;
    printf("%lu\n", (unsigned long)(uintptr_t)last);
    fflush(stdout);
    for (;;) {
        int64_t used = now_ns(CLOCK_PROCESS_CPUTIME_ID), wall = now_ns(CLOCK_MONOTONIC);
        if (used < limit) {
            last[0] = used;
            last[1] = wall;
        }
    }
}
