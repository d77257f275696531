/* Integer, vector and floating-point code of many shapes, to be mutated; it is never run as it is. */
#include <complex.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 64 };

int32_t integers[COUNT];
double doubles[COUNT];
float floats[COUNT];
uint8_t bytes[COUNT];

__attribute__((noinline)) unsigned __int128 wide(unsigned __int128 a, unsigned __int128 b)
{
    return a * b + (a >> 7) - (b << 3);
}

__attribute__((noinline)) int64_t divide(int64_t a, int32_t b, uint16_t c)
{
    return a / (b | 1) + a % (c | 1) + (uint32_t)b / (c | 3u);
}

__attribute__((noinline)) uint64_t bits(uint64_t x, unsigned by)
{
    uint64_t turned = x << (by & 63) | x >> (-by & 63);
    return turned ^ (uint64_t)__builtin_popcountll(x) ^ (uint64_t)__builtin_clzll(x | 1) ^ __builtin_bswap64(x & -x);
}

__attribute__((noinline)) void scale(double factor)
{
    for (int i = 0; i < COUNT; i++)
        doubles[i] = doubles[i] * factor + (double)integers[i];
}

__attribute__((noinline)) float mix(const float *a, const float *b, int count)
{
    float sum = 0, least = a[0];
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
        least = a[i] < least ? a[i] : least;
    }
    return sum - sqrtf(fabsf(least));
}

__attribute__((noinline)) int shuffle(uint8_t *to, const uint8_t *from)
{
    int sum = 0;
    for (int i = 0; i < COUNT; i++) {
        to[i] = (uint8_t)(from[COUNT - 1 - i] + (from[i] > 100 ? 3 : 1));
        sum += to[i] & from[i];
    }
    return sum;
}

__attribute__((noinline)) int gaps(const int32_t *list, int count, int limit)
{
    int found = 0;
    for (int i = 1; i < count; i++)
        if (list[i] - list[i - 1] > limit)
            found += i ^ list[i];
    return found;
}

__attribute__((noinline)) int atomics(_Atomic int *place, _Atomic long *other, int value)
{
    int old = atomic_fetch_add(place, value);
    atomic_fetch_or(other, old);
    atomic_exchange(place, old ^ 7);
    long expected = old;
    return atomic_compare_exchange_strong(other, &expected, value) ? old : (int)expected;
}

__attribute__((noinline)) long many(long a, long b, long c, long d, long e, long f, long g, long h, double i, short j)
{
    return a * h - b * g + (c ^ f) + (d | e) + (long)i + j;
}

__attribute__((noinline)) double polar(double x, double y)
{
    double complex z = x + y * I;
    return cabs(cexp(z)) + creal(z * z / (1 + z)) + atan2(y, x) + pow(x, y) + fmod(x, y) + cbrt(x) + lgamma(y);
}

int main(int count, char **arguments)
{
    long seed = strtol(arguments[0], NULL, 0) + count;
    scale((double)seed);
    _Atomic int place = count;
    _Atomic long other = seed;
    unsigned __int128 product = wide((unsigned __int128)seed << 70 | 5, (unsigned __int128)count);
    long result = divide(seed, count, (uint16_t)seed) + (long)bits((uint64_t)seed, (unsigned)count) + (long)product;
    result += shuffle(bytes, (const uint8_t *)integers) + gaps(integers, count, 5) + atomics(&place, &other, count);
    result += many(seed, 2, 3, 4, 5, 6, 7, 8, 9.5, (short)seed) + (long)mix(floats, floats + 8, count);
    return (int)(result + (long)polar((double)seed, doubles[1]) + (long)(tgamma(doubles[2]) + erf(doubles[3])));
}
