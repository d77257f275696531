/*
 * What a test of a pointer made from an integer costs where a program does little else: nanoseconds for each cast.
 *
 *     motte run benchmarks/checked_casts.c
 *     motte run --checked=use benchmarks/checked_casts.c
 *     motte run --checked=cast benchmarks/checked_casts.c
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NODES = 4096, ROUNDS = 2000, REPETITIONS = 9 };

#define APART __attribute__((noinline))

struct node {
    uintptr_t link; /* the next node, with a tag */
    long value;
};

static struct node *nodes[NODES];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

/* Each cast waits for the one before. */
APART static long tagged_list(void)
{
    long sum = 0;
    for (uintptr_t link = (uintptr_t)nodes[0]; link;) {
        struct node *node = (struct node *)(link & ~(uintptr_t)7);
        sum += node->value;
        link = node->link;
    }
    return sum;
}

/* None waits for another. */
static uintptr_t words[NODES];

APART static long array_of_words(void)
{
    long sum = 0;
    for (int i = 0; i < NODES; i++)
        sum += ((struct node *)(words[i] & ~(uintptr_t)7))->value;
    return sum;
}

/* One cast, and a loop over what it points to. */
static long values[NODES];

APART static long one_cast(uintptr_t integer)
{
    long sum = 0;
    for (long *value = (long *)integer, *end = value + NODES; value < end; value++)
        sum += *value & 0xff;
    return sum;
}

static long expected, got;

static double shortest(int which)
{
    double best = 1e18;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        double start = now();
        for (int round = 0; round < ROUNDS; round++) {
            got += which == 0 ? tagged_list() : which == 1 ? array_of_words() : one_cast((uintptr_t)values);
            __asm__ volatile("" ::: "memory"); /* the next round finds nothing known */
        }
        double time = (now() - start) / ((double)NODES * ROUNDS);
        best = time < best ? time : best;
        expected += (long)ROUNDS * NODES;
    }
    return best;
}

int main(void)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i] = malloc(sizeof *nodes[i]);
        nodes[i]->value = values[i] = 1;
        words[i] = (uintptr_t)nodes[i] | 3;
    }
    for (int i = 0; i + 1 < NODES; i++)
        nodes[i]->link = (uintptr_t)nodes[i + 1] | 3;
    nodes[NODES - 1]->link = 0;
    static const char *const names[] = {"list of tagged pointers", "array of tagged pointers", "one cast, then a loop"};
    for (int which = 0; which < 3; which++)
        printf("%-26s %6.3f ns\n", names[which], shortest(which));
    return got != expected;
}
