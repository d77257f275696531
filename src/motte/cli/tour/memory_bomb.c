/* Takes and touches all the memory that it can get; says how far it came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    size_t mebibytes = 0;
    for (char *block; (block = malloc(1 << 20)) != NULL; mebibytes++) {
        memset(block, 0xff, 1 << 20);
    }
    printf("malloc says no; between 8 and 16 MiB before that: %s\n", mebibytes >= 8 && mebibytes < 16 ? "yes" : "no");
    return 0;
}
