#include <stdio.h>

int main(void) {
    puts("verified, then run");
    return 0;
}
