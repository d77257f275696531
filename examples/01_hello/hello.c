#include <stdio.h>

int main(void) {
    puts("Hello from inside the motte.");
    return 0;
}
