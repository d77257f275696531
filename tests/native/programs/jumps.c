/* Jumps out of calls, with values in registers, through a mask of signals, and out of a handler. */

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static jmp_buf place;
static sigjmp_buf masked;

static __attribute__((noinline)) int deep(int depth, volatile int *counter)
{
    ++*counter;
    if (depth == 0)
        longjmp(place, 41);
    return deep(depth - 1, counter) + 1;
}

static void handler(int signal)
{
    printf("signal %d\n", signal);
    siglongjmp(masked, signal);
}

int main(void)
{
    volatile int counter = 0;
    int kept[8];
    for (int i = 0; i < 8; i++)
        kept[i] = i * i;

    int value = setjmp(place);
    if (value == 0)
        deep(100, &counter);
    printf("%d after %d\n", value, counter);

    value = setjmp(place);
    if (value == 0)
        longjmp(place, 0);
    printf("%d for zero\n", value);

    signal(SIGUSR1, handler);
    for (volatile int round = 0; round < 3; round++) {
        int got = sigsetjmp(masked, 1);
        if (got == 0)
            raise(SIGUSR1);
        sigset_t now;
        sigprocmask(SIG_BLOCK, NULL, &now);
        printf("round %d: %d, blocked %d\n", round, got, sigismember(&now, SIGUSR1));
    }
    for (int i = 0; i < 8; i++)
        printf("%d ", kept[i]);
    putchar('\n');
    return 0;
}
