/* A library: what is called from Python, with everything that can be passed. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed++;
}

int constructions(void)
{
    return constructed;
}

int add(int a, int b)
{
    return a + b;
}

unsigned add_unsigned(unsigned a, unsigned b)
{
    return a + b;
}

#define SAME(name, type) \
    type name(type value) \
    { \
        return value; \
    }
SAME(same_int8, int8_t)
SAME(same_uint8, uint8_t)
SAME(same_int16, int16_t)
SAME(same_uint16, uint16_t)
SAME(same_int32, int32_t)
SAME(same_uint32, uint32_t)
SAME(same_int64, int64_t)
SAME(same_uint64, uint64_t)
SAME(same_float, float)
SAME(same_double, double)
SAME(same_bool, _Bool)
SAME(same_pointer, void *)

/* More than there are registers, of both kinds, in turns. */
double weigh(int8_t a, double b, uint16_t c, float d, int64_t e, int32_t f, uint8_t g, uint64_t h, int16_t i, double j,
    double k, float l, double m, float n, double o, double p, float q, uint32_t r)
{
    double integers = a + 2.0 * c + 3.0 * (double)e + 4.0 * f + 5.0 * g + 6.0 * (double)h + 7.0 * i + 8.0 * r;
    return integers + b + 2 * d + 3 * j + 4 * k + 5 * l + 6 * m + 7 * n + 8 * o + 9 * p + 10 * q;
}

size_t length(const char *text)
{
    return strlen(text);
}

uint64_t sum(const uint8_t *bytes, size_t size)
{
    uint64_t total = 0;
    for (size_t i = 0; i < size; i++)
        total += bytes[i];
    return total;
}

void fill(uint8_t *bytes, size_t size, int value)
{
    memset(bytes, value, size);
}

void double_all(double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] *= 2;
}

struct point {
    int32_t x;
    double y;
};

double norm(const struct point *point)
{
    return point->x + point->y;
}

void move(struct point *point, int32_t distance)
{
    point->x += distance;
    point->y -= distance;
}

struct point moved(struct point point, int32_t distance)
{
    move(&point, distance);
    return point;
}

int total(int count, ...)
{
    return count;
}

void *allocate(size_t size)
{
    return calloc(1, size);
}

int read_at(const int *place)
{
    return *place;
}

static int depth(int n)
{
    volatile char frame[200];
    frame[0] = (char)n;
    return n ? depth(n - 1) + frame[0] - frame[0] + 1 : 0;
}

int recurse(int n)
{
    return depth(n);
}

static int hidden(int n)
{
    return n;
}

int (*give_function(void))(int)
{
    return hidden;
}
