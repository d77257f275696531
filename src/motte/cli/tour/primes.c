/* Counts the primes below ten million, with a sieve. */
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 10000000 };

int main(void) {
    unsigned char *composite = calloc(LIMIT, 1);
    if (composite == NULL) {
        return 1;
    }
    int count = 0;
    for (int candidate = 2; candidate < LIMIT; candidate++) {
        if (composite[candidate]) {
            continue;
        }
        count++;
        for (long long multiple = (long long)candidate * candidate; multiple < LIMIT; multiple += candidate) {
            composite[multiple] = 1;
        }
    }
    printf("%d primes below %d\n", count, LIMIT);
    free(composite);
    return 0;
}
