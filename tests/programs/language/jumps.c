/* Non-local jumps: every way back, with everything that C promises about locals. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf top;

static int deep(int depth, int value)
{
    char local[64];
    memset(local, depth, sizeof local);
    if (depth == 0)
        longjmp(top, value);
    return deep(depth - 1, value) + local[depth % 64];
}

static void every_value(void)
{
    static const int values[] = {1, 0, -1, 42, -2147483647 - 1, 2147483647};
    for (volatile unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        int came = setjmp(top);
        if (came)
            printf("value %d comes as %d\n", values[i], came);
        else
            deep((int)i * 7, values[i]);
    }
}

/* Locals that do not change between the calls keep their values, wherever they live; volatile ones always do. */
static int many_locals(int a, int b, int c, int d, int e, int f, int g, int h, double x, double y)
{
    int i = a * b, j = c * d, k = e * f, l = g * h;
    double z = x * y;
    volatile int changed = 1;
    volatile double changed_too = x;
    switch (setjmp(top)) {
    case 0:
        changed = 2;
        changed_too = y;
        deep(3, 9);
        return 0;
    case 9:
        printf("%d %d %d %d %d %d %d %d %g %g\n", a, b, c, d, e, f, g, h, x, y);
        printf("%d %d %d %d %g, changed %d %g\n", i, j, k, l, z, changed, changed_too);
        return 1;
    }
    return 0;
}

/* Locals of dynamic size are gone after the jump: a loop of them does not use up the stack. */
static void dynamic_locals(void)
{
    volatile long sum = 0;
    for (volatile int i = 0; i < 3000; i++) {
        if (setjmp(top) == 0) {
            volatile char array[20000 + i];
            volatile char *more = __builtin_alloca(10000);
            array[i] = more[i] = (char)i;
            sum += array[i] + more[i];
            longjmp(top, 1);
        }
    }
    printf("sum %ld\n", sum);
}

/* Locals of different blocks may share a place, except where a jump leads from one block to the other. */
static void blocks(void)
{
    jmp_buf again;
    volatile int turn = 0;
    {
        char first[200];
        strcpy(first, "the first block's");
        if (setjmp(again))
            printf("turn %d: %s\n", turn, first);
    }
    {
        char second[200];
        memset(second, 'x', sizeof second - 1);
        second[199] = 0;
        if (turn++ < 2) {
            printf("%c", second[turn]);
            longjmp(again, 1);
        }
        printf("%.3s\n", second);
    }
}

static void nested(void)
{
    jmp_buf outer, inner;
    volatile int steps = 0;
    if (setjmp(outer) == 0) {
        if (setjmp(inner) == 0) {
            steps += 1;
            longjmp(inner, 1);
        }
        steps += 10;
        longjmp(outer, 1);
    }
    printf("steps %d\n", steps);
}

static int compare(const void *a, const void *b)
{
    static int calls;
    jmp_buf here;
    if (setjmp(here) == 0)
        longjmp(here, 1);
    if (++calls == 50)
        longjmp(top, calls);
    return *(const int *)a - *(const int *)b;
}

static void out_of_a_callback(void)
{
    int numbers[1000];
    for (int i = 0; i < 1000; i++)
        numbers[i] = i * 7919 % 1000;
    if (setjmp(top) == 0)
        qsort(numbers, 1000, sizeof *numbers, compare);
    else
        printf("left qsort\n");
}

static sigjmp_buf from_signal;

static void on_signal(int number)
{
    siglongjmp(from_signal, number);
}

static int is_blocked(int number)
{
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, number);
}

static void out_of_a_signal_handler(void)
{
    signal(SIGUSR1, on_signal);
    for (volatile int saved = 0; saved < 2; saved++) {
        if (sigsetjmp(from_signal, saved) == 0)
            raise(SIGUSR1);
        else
            printf("mask saved: %d, still blocked: %d\n", saved, is_blocked(SIGUSR1));
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
    }
}

static int recursion(int depth, jmp_buf *up)
{
    jmp_buf here;
    int came = setjmp(here);
    if (came)
        return came + depth;
    if (depth == 40)
        longjmp(*up, 1);
    return recursion(depth + 1, depth % 3 ? up : &here) - depth;
}

/* More arguments than there are registers for, in a function that calls setjmp. */
__attribute__((noinline)) static double many(int a, long b, short c, char d, int e, long f, int g, double h, char *i,
                                             long j)
{
    printf("%d %ld %d %d %d %ld %d %g %s %ld\n", a, b, c, d, e, f, g, h, i, j);
    return a + b + c + d + e + f + g + h + j;
}
static double (*volatile hidden)(int, long, short, char, int, long, int, double, char *, long) = many;

static void many_arguments(int n)
{
    volatile double sum = 0;
    char text[8] = "text";
    sum += many(1, n, 3, 4, 5, 6, n + 7, 0.5, text, 10);
    switch (setjmp(top)) {
    case 0:
        sum += hidden(n, 2, 3, 4, 5, 6, 7, 1.5, text, n - 1);
        deep(2, 4);
    case 4:
        sum += hidden(1, 2, 3, n, 5, 6, n, 2.5, text + 1, 9);
        printf("sum %g\n", sum);
    }
}

static void often(void)
{
    volatile int count = 0;
    for (volatile int i = 0; i < 100000; i++)
        if (setjmp(top) == 0)
            deep(i % 8, 1);
        else
            count++;
    printf("count %d\n", count);
}

int main(void)
{
    every_value();
    printf("%d\n", many_locals(1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.25));
    dynamic_locals();
    blocks();
    nested();
    out_of_a_callback();
    out_of_a_signal_handler();
    jmp_buf here;
    if (setjmp(here) == 0)
        printf("recursion %d\n", recursion(0, &here));
    many_arguments(100);
    often();
    return 0;
}
