/* Open addressing over a table larger than the second-level cache. */
#include "measure.h"

enum { SLOTS = 1 << 17, KEYS = SLOTS / 2 };
static uint64_t keys[SLOTS], values[SLOTS];

static uint64_t *find(uint64_t key)
{
    uint64_t at = (key * 0x9E3779B97F4A7C15ull) >> 47;
    while (keys[at] && keys[at] != key)
        at = (at + 1) & (SLOTS - 1);
    keys[at] = key;
    return &values[at];
}

static uint64_t kernel(void)
{
    memset(keys, 0, sizeof keys);
    memset(values, 0, sizeof values);
    uint64_t seed = 5, sum = 0;
    for (unsigned i = 0; i < KEYS; i++)
        *find(next_random(&seed) | 1) += i;
    for (unsigned round = 0; round < 4; round++) {
        seed = 5;
        for (unsigned i = 0; i < KEYS; i++)
            sum += *find(next_random(&seed) | 1);
    }
    return sum;
}
