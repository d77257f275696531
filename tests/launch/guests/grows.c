/* Wants 32 MiB, a MiB at a time, and ends with 0 if it has got all of them, else with 3. */
#include <stdlib.h>
#include <string.h>

static char *volatile held[32];

int main(void)
{
    for (int i = 0; i < 32; i++) {
        held[i] = malloc(1 << 20);
        if (!held[i])
            return 3;
        memset(held[i], i, 1 << 20);
    }
    return 0;
}
