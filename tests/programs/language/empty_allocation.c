/* An allocation of no bytes may not disturb its neighbours. */
#include <stdio.h>
#include <string.h>
static void fill(char *place, unsigned long size) { memset(place, 'x', size); }
static void (*volatile hidden)(char *, unsigned long) = fill;
static int check(unsigned long size)
{
    char before[32];
    strcpy(before, "untouched");
    hidden(before, 3);
    char *taken = __builtin_alloca(size);
    hidden(taken, size);
    return printf("%lu %s\n", size, before);
}
int main(void)
{
    for (unsigned long size = 0; size < 4; size++)
        check(size);
    return 0;
}
