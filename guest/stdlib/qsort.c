/* Sorting with an argument for the comparison function. */

struct order {
    int (*compare)(const void *, const void *, void *);
    void *argument;
};

#define COMPARE(order, a, b) (order)->compare(a, b, (order)->argument)
#include "sort.h"

void __qsort_r(void *elements, size_t count, size_t width,
    int (*compare)(const void *, const void *, void *), void *argument)
{
    sort(elements, count, width, &(const struct order){compare, argument});
}
weak_alias(__qsort_r, qsort_r);
