/* What is called: the same for every contender. */

#include <stddef.h>
#include <stdint.h>

#ifdef __MOTTE__
#include <motte.h>
int twice(int value) MOTTE_HOST("twice");
#else
static int (*twice)(int);

void set_callback(int (*function)(int))
{
    twice = function;
}
#endif

int add(int a, int b)
{
    return a + b;
}

double multiply(double a, double b)
{
    return a * b;
}

uint64_t sum(const uint8_t *bytes, size_t size)
{
    uint64_t total = 0;
    for (size_t i = 0; i < size; i++)
        total += bytes[i];
    return total;
}

int call_back(int count)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += twice(i);
    return total;
}
