/* Walks a binary tree of a given depth with a stack of its own, which grows downwards. */
#include <stdio.h>
#include <stdlib.h>

static int *const top = (int *)0x90100000;

int main(int argc, char **argv) {
    int depth = argc > 1 ? atoi(argv[1]) : 10, *stack = top;
    long leaves = 0;
    for (int level = 0; level < depth; level++)
        *--stack = level; /* a long left branch, each node with one more leaf to its right */
    while (stack < top) {
        leaves++;
        stack++;
    }
    printf("%ld leaves\n", leaves + 1);
    return 0;
}
