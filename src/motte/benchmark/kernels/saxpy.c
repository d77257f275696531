/* Loops that LLVM vectorises to the host's widest registers. */
#include "measure.h"

enum { N = 4096 };
static float x[N], y[N];
static int32_t counts[N];

static uint64_t kernel(void)
{
    for (int i = 0; i < N; i++) {
        x[i] = (float)i / 16;
        y[i] = (float)(N - i) / 32;
        counts[i] = i * 7;
    }
    int64_t total = 0;
    for (int round = 0; round < 3000; round++) {
        float factor = 1.0f / (float)(round + 1);
        for (int i = 0; i < N; i++)
            y[i] = y[i] * 0.5f + factor * x[i];
        for (int i = 0; i < N; i++)
            counts[i] = (counts[i] ^ round) + (counts[i] >> 3);
        total += counts[round & (N - 1)];
    }
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += y[i];
    return (uint64_t)(int64_t)(sum * 16) + (uint64_t)total;
}
