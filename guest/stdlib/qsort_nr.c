/* Sorting. */

struct order {
    int (*compare)(const void *, const void *);
};

#define COMPARE(order, a, b) (order)->compare(a, b)
#include "sort.h"

void qsort(void *elements, size_t count, size_t width, int (*compare)(const void *, const void *))
{
    sort(elements, count, width, &(const struct order){compare});
}
