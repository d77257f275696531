#include "sorted.h"

#include <stdlib.h>

bool sorted_allocate(struct sorted *sorted, size_t count)
{
    sorted->items = calloc(count ? count : 1, sizeof *sorted->items);
    sorted->count = count;
    return sorted->items != NULL;
}

void sorted_release(struct sorted *sorted)
{
    free(sorted->items);
    *sorted = (struct sorted){0};
}

static bool is_in_order(const struct sorted *sorted)
{
    for (size_t i = 1; i < sorted->count; i++)
        if (sorted->items[i].key < sorted->items[i - 1].key)
            return false;
    return true;
}

static void swap(struct sorted_item *left, struct sorted_item *right)
{
    struct sorted_item kept = *left;
    *left = *right;
    *right = kept;
}

/* Restores the heap below `root` among the first `count` items. */
static void sift_down(struct sorted_item *items, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; root = child, child = 2 * root + 1) {
        if (child + 1 < count && items[child].key < items[child + 1].key)
            child++;
        if (items[root].key >= items[child].key)
            return;
        swap(&items[root], &items[child]);
    }
}

/* Heapsort and not qsort, which may be quadratic, or ask for memory, as a stranger's input chooses. */
void sorted_sort(struct sorted *sorted)
{
    if (is_in_order(sorted))
        return;
    for (size_t root = sorted->count / 2; root-- > 0;)
        sift_down(sorted->items, root, sorted->count);
    for (size_t count = sorted->count; count-- > 1;) {
        swap(&sorted->items[0], &sorted->items[count]);
        sift_down(sorted->items, 0, count);
    }
}

size_t sorted_first(const struct sorted *sorted, uint64_t key)
{
    /* Without a branch on the comparison, which no processor predicts. */
    size_t first = 0;
    for (size_t rest = sorted->count; rest > 0; rest /= 2)
        first += (sorted->items[first + rest / 2].key < key) * (rest - rest / 2);
    return first;
}

const uint32_t *sorted_find(const struct sorted *sorted, uint64_t key)
{
    size_t index = sorted_first(sorted, key);
    return index < sorted->count && sorted->items[index].key == key ? &sorted->items[index].value : NULL;
}
