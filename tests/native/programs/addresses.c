/* Addresses in data: of functions, in tables and structures; computed jumps, large switches, weak names. */

#include <stdio.h>

extern int absent(int) __attribute__((weak));
extern int absent_variable __attribute__((weak));
_Thread_local int mine = 3;
static int order;

__attribute__((constructor(200))) static void second(void)
{
    order = order * 10 + 2;
}

__attribute__((constructor(101))) static void first(void)
{
    order = order * 10 + 1;
}

__attribute__((constructor)) static void last(void)
{
    order = order * 10 + 3;
}

__attribute__((destructor)) static void at_the_end(void)
{
    printf("the end, mine is %d\n", mine);
}

static int add(int a, int b)
{
    return a + b;
}

static int subtract(int a, int b)
{
    return a - b;
}

static int multiply(int a, int b)
{
    return a * b;
}

static const struct operation {
    const char *name;
    int (*function)(int, int);
    const struct operation *next;
} operations[] = {
    {"add", add, operations + 1},
    {"subtract", subtract, operations + 2},
    {"multiply", multiply, 0},
};

static __attribute__((noinline)) const char *name_of(int number)
{
    switch (number) {
#define NAMED(n) case n: return "number " #n;
#define TEN(n) NAMED(n##0) NAMED(n##1) NAMED(n##2) NAMED(n##3) NAMED(n##4) \
    NAMED(n##5) NAMED(n##6) NAMED(n##7) NAMED(n##8) NAMED(n##9)
    TEN(1) TEN(2) TEN(3) TEN(4) TEN(5)
    default: return "another";
    }
}

static int interpreted(const unsigned char *program)
{
    static void *const labels[] = {&&stop, &&increment, &&twice};
    int value = 0;
    goto *labels[*program++];
increment:
    value++;
    goto *labels[*program++];
twice:
    value *= 2;
    goto *labels[*program++];
stop:
    return value;
}

int main(void)
{
    for (const struct operation *each = operations; each; each = each->next)
        printf("%s %d\n", each->name, each->function(6, 7));
    for (int i = 8; i < 62; i += 13)
        printf("%s\n", name_of(i));
    printf("%d\n", interpreted((const unsigned char[]){1, 2, 2, 1, 2, 0}));
    printf("absent: %d %d\n", absent != 0, &absent_variable != 0);
    printf("order %d, mine %d\n", order, mine++);
    return 0;
}
