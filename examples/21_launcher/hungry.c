/* Wants 10 MiB; ends with the number of MiB that it has got. */
#include <stdlib.h>
#include <string.h>

static char *volatile held[10];

int main(void)
{
    for (int i = 0; i < 10; i++) {
        held[i] = malloc(1 << 20);
        if (!held[i])
            return i;
        memset(held[i], 1, 1 << 20);
    }
    return 10;
}
