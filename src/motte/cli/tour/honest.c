/* The honest one: sorts, checks, and says so with one byte, for as long as it is allowed to. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 20000 };

static uint32_t numbers[COUNT];

static int by_value(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

int main(void) {
    uint32_t state = 1;
    for (;;) {
        for (int i = 0; i < COUNT; i++) {
            state = state * 1664525 + 1013904223;
            numbers[i] = state;
        }
        qsort(numbers, COUNT, sizeof *numbers, by_value);
        for (int i = 1; i < COUNT; i++) {
            if (numbers[i - 1] > numbers[i]) {
                return 1;
            }
        }
        if (write(1, ".", 1) != 1) {
            return 2;
        }
    }
}
