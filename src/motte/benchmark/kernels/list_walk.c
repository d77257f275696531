/* A linked list that stays in the first-level cache: nothing but dependent loads. */
#include "measure.h"

enum { NODES = 512, WALKS = 8000 };
struct node {
    struct node *next;
    uint64_t value;
};
static struct node nodes[NODES];

static uint64_t kernel(void)
{
    uint64_t seed = 7;
    static unsigned order[NODES];
    for (unsigned i = 0; i < NODES; i++)
        order[i] = i;
    for (unsigned i = NODES - 1; i > 0; i--) {
        unsigned j = (unsigned)(next_random(&seed) % (i + 1)), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (unsigned i = 0; i < NODES; i++) {
        nodes[order[i]].next = i + 1 < NODES ? &nodes[order[i + 1]] : NULL;
        nodes[order[i]].value = i;
    }
    uint64_t sum = 0;
    for (unsigned walk = 0; walk < WALKS; walk++)
        for (struct node *n = &nodes[order[0]]; n; n = n->next)
            sum += n->value ^ walk;
    return sum;
}
