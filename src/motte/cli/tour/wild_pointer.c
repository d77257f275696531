/* Writes wherever a forged integer points: here, where nothing of its own lies. */
#include <stdint.h>

int main(void) {
    volatile uintptr_t forged = 0xdeadbeef;
    *(volatile int *)forged = 1;
    return 0;
}
