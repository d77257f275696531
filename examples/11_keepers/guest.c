/* Divides its two arguments; then asks a table that is not there. */
#include <stdio.h>
#include <stdlib.h>

static volatile int *const squares = (volatile int *)0x90000000;

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    volatile int dividend = atoi(argv[1]), divisor = atoi(argv[2]);
    int quotient = dividend / divisor;
    printf("%d / %d is %d\n", dividend, divisor, quotient);
    for (int i = 10; i <= 4000; i *= 20)
        printf("%d squared is %d\n", i, squares[i]);
    return 0;
}
