/* Reads from the kernel's half of the address space, where Linux maps all physical memory. */
#include <stdint.h>

int main(void) {
    volatile uintptr_t forged = 0xffff888012345678;
    return *(volatile int *)forged;
}
