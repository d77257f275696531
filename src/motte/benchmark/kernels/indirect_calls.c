/* Calls through function pointers that no optimiser can resolve. */
#include "measure.h"

typedef uint64_t (*operation)(uint64_t, uint64_t);
static uint64_t add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t mix(uint64_t a, uint64_t b) { return (a ^ b) * 31; }
static uint64_t turn(uint64_t a, uint64_t b) { return (a << 7 | a >> 57) + b; }
static uint64_t less(uint64_t a, uint64_t b) { return a - (b >> 3); }
static operation volatile table[4] = {add, mix, turn, less};

static uint64_t kernel(void)
{
    operation chosen[64];
    uint64_t seed = 3, value = 1;
    for (unsigned i = 0; i < 64; i++)
        chosen[i] = table[next_random(&seed) & 3];
    for (uint64_t i = 0; i < 4000000; i++)
        value = chosen[i & 63](value, i);
    return value;
}
