/* Sorts 8 MiB of numbers where they are, and looks whether they are in order.  It has no idea where they really are. */
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 2 << 20 };

static unsigned *const numbers = (unsigned *)0x90000000;

static void sort(unsigned *first, unsigned *last)
{
    while (first < last) {
        unsigned *left = first, *right = last, pivot = first[(last - first) / 2];
        while (left <= right) {
            while (*left < pivot)
                left++;
            while (*right > pivot)
                right--;
            if (left <= right) {
                unsigned other = *left;
                *left++ = *right;
                *right-- = other;
            }
        }
        sort(first, right);
        first = left;
    }
}

int main(void)
{
    unsigned seed = 1, sum = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        seed = seed * 1664525 + 1013904223;
        numbers[i] = seed;
        sum += seed;
    }
    sort(numbers, numbers + COUNT - 1);
    for (unsigned i = 0; i < COUNT; i++) {
        if (i > 0 && numbers[i - 1] > numbers[i])
            return 1;
        sum -= numbers[i];
    }
    printf("%u numbers in order, and %s\n", COUNT, sum == 0 ? "none is lost" : "some are wrong");
    return sum != 0;
}
