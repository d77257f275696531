/* Sorts a million numbers through a function pointer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000000 };

static int by_value(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

int main(void) {
    uint32_t *numbers = malloc(COUNT * sizeof *numbers);
    if (numbers == NULL) {
        return 1;
    }
    uint32_t state = 1;
    for (int i = 0; i < COUNT; i++) {
        state = state * 1664525 + 1013904223;
        numbers[i] = state;
    }
    qsort(numbers, COUNT, sizeof *numbers, by_value);
    for (int i = 1; i < COUNT; i++) {
        if (numbers[i - 1] > numbers[i]) {
            puts("not sorted");
            return 1;
        }
    }
    printf("%d numbers sorted\n", COUNT);
    free(numbers);
    return 0;
}
