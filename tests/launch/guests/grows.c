/* Wants 32 MiB, a MiB at a time, and ends with 0 if it has got all of them, else with 3. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
    for (int i = 0; i < 32; i++) {
        char *more = malloc(1 << 20);
        if (!more)
            return 3;
        memset(more, i, 1 << 20);
    }
    return 0;
}
