/* memcpy and memset of mixed sizes. */
#include "measure.h"

static uint8_t from[1 << 16], to[1 << 16];

static uint64_t kernel(void)
{
    uint64_t seed = 29, sum = 0;
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(i * 7);
    for (int i = 0; i < 200000; i++) {
        uint64_t r = next_random(&seed);
        size_t size = (r & 15) ? r >> 8 & 255 : r >> 8 & 4095, a = r >> 24 & 32767, b = r >> 40 & 32767;
        memcpy(to + a, from + b, size);
        if (!(i & 7))
            memset(to + b, (int)i, size / 2);
        sum += to[a];
    }
    return sum;
}
