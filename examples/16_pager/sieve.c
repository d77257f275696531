/* A sieve over 64 MiB: how many primes are there below 67,108,864? */
#include <stdio.h>

static unsigned char *const composite = (unsigned char *)0x90000000;
enum { LIMIT = 64 << 20, SEGMENT = 1 << 20 };

int main(void) {
    unsigned count = 0;
    for (unsigned start = 0; start < LIMIT; start += SEGMENT) {
        for (unsigned p = 2; p * p < start + SEGMENT; p++) {
            if (p < 8192 && composite[p])
                continue;
            unsigned first = p * p > start ? p * p : (start + p - 1) / p * p;
            for (unsigned n = first; n < start + SEGMENT; n += p)
                composite[n] = 1;
        }
    }
    for (unsigned n = 2; n < LIMIT; n++)
        count += !composite[n];
    printf("%u primes\n", count);
    return 0;
}
