/* Calls functions of the host, with everything that can be passed. */

#include <setjmp.h>
#include <stdint.h>
#include <motte.h>

int32_t twice(int32_t value) MOTTE_HOST("twice");
double multiply(float a, double b) MOTTE_HOST("multiply");
void note(const char *text) MOTTE_HOST("note");
int64_t many(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g, uint64_t h, float i, double j,
    _Bool k, void *l) MOTTE_HOST("many");
int32_t again(int32_t n) MOTTE_HOST("again");

int call_twice(int value)
{
    return twice(value);
}

int loop(int count)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += twice(i);
    return total;
}

/* After enough work to be with a worker. */
int call_late(int value)
{
    unsigned noise = 1;
    for (unsigned i = 0; i < 20000000; i++) {
        noise = noise * 1664525 + 1013904223;
        __asm__ volatile("" : "+r"(noise));
    }
    return twice(value);
}

double call_multiply(float a, double b)
{
    return multiply(a, b);
}

void call_note(const char *text)
{
    note(text);
}

void note_at(const char *address)
{
    note(address);
}

int64_t call_many(void)
{
    return many(-1, 255, -2, 65535, -3, 4000000000u, -5, 1ull << 63, 1.5f, 2.5, 1, (void *)0x1234);
}

/* A frame with something in it, which must be the same when the host has called back. */
int descend(int n)
{
    volatile int before[64];
    for (int i = 0; i < 64; i++)
        before[i] = n * i;
    int below = n > 0 ? again(n - 1) : 0;
    for (int i = 0; i < 64; i++)
        if (before[i] != n * i)
            return -1;
    return below + 1;
}

/* How far the data stack is in use: an exception that passes through must not leave anything there. */
uint64_t height(void)
{
    volatile char here[16];
    return (uint64_t)here;
}

static jmp_buf place;

void keep_place(void)
{
    if (setjmp(place) == 0)
        twice(0);
}

/* Out of the call that the host has made, into the one outside. */
void jump(void)
{
    longjmp(place, 1);
}

int is_granted(const char *name)
{
    return motte_host_find(name);
}

long wrong_count(void)
{
    return motte_host_call((unsigned long)motte_host_find("twice") | 2ul << 32, 1, 2, 0, 0, 0);
}

long no_function(unsigned long number)
{
    return motte_host_call(number, 0, 0, 0, 0, 0);
}

long bad_words(unsigned long address)
{
    return motte_host_call((unsigned long)motte_host_find("many") | 12ul << 32, (long)address, 0, 0, 0, 0);
}

int main(void)
{
    return twice(21);
}
