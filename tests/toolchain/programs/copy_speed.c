/* Times memcpy, memmove and memset at one size: the least nanoseconds a call took, over many rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 200
#define BYTES_PER_ROUND ((size_t)8 << 20)
#define MOST_CALLS 20000

/* Calls through volatile pointers, so that no compiler knows the function or drops a call. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile fill)(void *, int, size_t) = memset;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void report(const char *name, double best)
{
    printf("%s %.3f\n", name, best);
}

#define TIME(name, call) \
    do { \
        double best = 1e30; \
        for (int round = 0; round < ROUNDS; round++) { \
            double start = now(); \
            for (size_t i = 0; i < calls; i++) \
                call; \
            double each = (now() - start) / (double)calls; \
            best = each < best ? each : best; \
        } \
        report(name, best); \
    } while (0)

int main(int argc, char **argv)
{
    size_t size = (size_t)atol(argv[1]);
    size_t calls = BYTES_PER_ROUND / size < MOST_CALLS ? BYTES_PER_ROUND / size : MOST_CALLS;
    char *from = aligned_alloc(4096, size + 4096), *to = aligned_alloc(4096, size + 4096);

    memset(from, 1, size + 4096);
    memset(to, 2, size + 4096);
    TIME("memcpy", copy(to, from, size));
    TIME("memmove", move(to + 1, from + 3, size));
    TIME("memset", fill(to + 1, 7, size));
    return 0;
}
