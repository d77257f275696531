/* Functions. */

#include <motte.h>

int twice(int value) MOTTE_HOST("twice");

int add(int a, int b)
{
    return a + b;
}

int double_it(int value)
{
    return 2 * value;
}

int call_twice(int value)
{
    return twice(value);
}

int length(const char *text)
{
    int length = 0;
    while (text[length])
        length++;
    return length;
}

void count_up(double *numbers, int count)
{
    for (int i = 0; i < count; i++)
        numbers[i] = i;
}

int fault(void)
{
    return *(volatile int *)4;
}

void spin(void)
{
    for (;;)
        __asm__ volatile("");
}
