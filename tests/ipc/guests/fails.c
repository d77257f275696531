/* fails: holds "in", and faults at the first order.  spins: never waits. */
#include <motte.h>
#include <string.h>

int main(int argc, char **argv)
{
    static volatile unsigned long turns;
    struct motte_message order = {.room = 0};
    while (argc > 1 && !strcmp(argv[1], "spins"))
        turns++;
    if (motte_receive(motte_grant("orders"), &order, 0, -1) == 0)
        *(volatile int *)8 = 1;
    return 1;
}
