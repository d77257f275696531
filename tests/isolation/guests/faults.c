/* Faults of each kind, and what works. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf buffer;

__attribute__((noinline)) static int deeper(volatile char *above, int level)
{
    volatile char here[4096];
    here[0] = above ? above[0] : 1;
    return level ? deeper(here, level - 1) + here[0] : here[0];
}

int add(int a, int b)
{
    return a + b;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "nothing";
    if (!strcmp(what, "null"))
        return *(volatile int *)8;
    if (!strcmp(what, "wild"))
        *(volatile int *)0x50000000 = 1;
    volatile int nothing = 0;
    void *volatile much;
    if (!strcmp(what, "divide"))
        return (argc + 100) / nothing;
    if (!strcmp(what, "trap"))
        __builtin_trap();
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "loop"))
        for (volatile int i = 0;; i = i + 1)
            ;
    if (!strcmp(what, "deep"))
        return deeper(NULL, 1 << 20);
    if (!strcmp(what, "memory"))
        return (much = malloc(1u << 30)) ? 1 : 7;
    if (!strcmp(what, "jump")) {
        if (setjmp(buffer))
            return 5;
        longjmp(buffer, 1);
    }
    printf("deep %d, %.3f\n", deeper(NULL, 50) > 0, 2.5 * argc);
    return 0;
}
