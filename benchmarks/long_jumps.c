/*
 * What setjmp and longjmp cost, alone and over many frames.  The same source confined and native:
 *
 *     motte run benchmarks/long_jumps.c
 *     cc -O2 benchmarks/long_jumps.c -o long_jumps && ./long_jumps
 *
 * Prints nanoseconds, the shortest of several repetitions.
 */

#include <setjmp.h>
#include <stdio.h>
#include <time.h>

#define REPETITIONS 9
#define ROUNDS 200000

static jmp_buf buffer;
static volatile long returned;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

__attribute__((noinline)) static void jump_from(int depth)
{
    if (!depth)
        longjmp(buffer, 1);
    jump_from(depth - 1);
    returned++;
}

static double only_setjmp(void)
{
    double start = now();
    for (volatile long round = 0; round < ROUNDS; round++)
        if (setjmp(buffer))
            returned++;
    return (now() - start) / ROUNDS;
}

static double both(volatile int depth)
{
    volatile long rounds = ROUNDS / (depth + 1);
    double start = now();
    for (volatile long round = 0; round < rounds; round++)
        if (!setjmp(buffer))
            jump_from(depth);
    return (now() - start) / (double)rounds;
}

int main(void)
{
    static const int depths[] = {0, 10, 100, 1000};
    double best = only_setjmp();
    for (int i = 1; i < REPETITIONS; i++) {
        double time = only_setjmp();
        best = time < best ? time : best;
    }
    printf("setjmp %.1f\n", best);
    for (unsigned d = 0; d < sizeof depths / sizeof *depths; d++) {
        best = both(depths[d]);
        for (int i = 1; i < REPETITIONS; i++) {
            double time = both(depths[d]);
            best = time < best ? time : best;
        }
        printf("setjmp, %d calls, longjmp %.1f\n", depths[d], best);
    }
    return 0;
}
