/* Goes wrong in the way that its argument names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node *next;
    int value;
};

static int value_of(struct node *node) {
    return node->value;
}

static int divide(int numerator, int denominator) {
    return numerator / denominator;
}

static int call(int (*function)(void)) {
    return function();
}

static int fall(volatile int depth) {
    return fall(depth + 1) + depth;
}

int main(int argc, char **argv) {
    volatile uintptr_t zero = 0;
    const char *way = argc == 2 ? argv[1] : "";
    if (strcmp(way, "null") == 0) {
        return value_of((struct node *)zero);
    }
    if (strcmp(way, "wild") == 0) {
        *(volatile int *)(zero + 0xdeadbeef) = 1;
    }
    if (strcmp(way, "divide") == 0) {
        return divide(1, (int)zero);
    }
    if (strcmp(way, "call") == 0) {
        return call((int (*)(void))(zero + 0x123456));
    }
    if (strcmp(way, "fall") == 0) {
        return fall(0);
    }
    if (strcmp(way, "abort") == 0) {
        abort();
    }
    return 2;
}
