/* Eratosthenes over bytes: strided stores. */
#include "measure.h"

enum { N = 1000000 };
static uint8_t composite[N];

static uint64_t kernel(void)
{
    memset(composite, 0, N);
    uint64_t count = 0;
    for (uint32_t i = 2; i < N; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint64_t j = (uint64_t)i * i; j < N; j += i)
            composite[j] = 1;
    }
    return count;
}
