/* Recursion with allocation: malloc, free, and pointers. */
#include "measure.h"

struct tree {
    struct tree *left, *right;
};

static struct tree *grow(int depth)
{
    struct tree *t = malloc(sizeof *t);
    if (!t)
        exit(1);
    t->left = depth ? grow(depth - 1) : NULL;
    t->right = depth ? grow(depth - 1) : NULL;
    return t;
}

static uint64_t fell(struct tree *t)
{
    if (!t)
        return 0;
    uint64_t size = 1 + fell(t->left) + fell(t->right);
    free(t);
    return size;
}

static uint64_t kernel(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < 12; i++)
        sum += fell(grow(13));
    return sum;
}
