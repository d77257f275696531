#include <stdio.h>

#include "table.h"

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        table_add(argv[i]);
    }
    for (int i = 1; i < argc; i++) {
        printf("%s%s: %d\n", PREFIX, argv[i], table_count(argv[i]));
    }
    return 0;
}
