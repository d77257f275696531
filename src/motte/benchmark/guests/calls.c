/* The shortest of BATCHES batches of CALLS kernel calls, in nanoseconds: calls BATCHES CALLS getpid|yield.
   With BATCHES 0 it goes on for ever. */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

long motte_syscall(long number, long a, long b, long c, long d, long e);

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t batch(long calls, long number)
{
    uint64_t start = now_ns();
    for (long i = 0; i < calls; i++)
        motte_syscall(number, 0, 0, 0, 0, 0);
    return now_ns() - start;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    long batches = atol(argv[1]), calls = atol(argv[2]);
    long number = argv[3][0] == 'y' ? SYS_sched_yield : SYS_getpid;
    uint64_t shortest = UINT64_MAX;
    for (long i = 0; batches == 0 || i < batches; i++) {
        uint64_t elapsed = batch(calls, number);
        shortest = elapsed < shortest ? elapsed : shortest;
    }
    printf("%llu\n", (unsigned long long)shortest);
    return 0;
}
