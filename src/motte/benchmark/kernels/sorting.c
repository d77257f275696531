/* A quicksort, and a merge sort whose comparison is an indirect call. */
#include "measure.h"

enum { N = 60000 };
static uint32_t numbers[N];

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void quicksort(uint32_t *v, int low, int high)
{
    while (low < high) {
        uint32_t pivot = v[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                uint32_t swap = v[i];
                v[i++] = v[j];
                v[j--] = swap;
            }
        }
        quicksort(v, low, j);
        low = i;
    }
}

static void merge_sort(uint32_t *v, uint32_t *scratch, int n, int (*order)(const void *, const void *))
{
    if (n < 2)
        return;
    int half = n / 2, i = 0, j = half, k = 0;
    merge_sort(v, scratch, half, order);
    merge_sort(v + half, scratch, n - half, order);
    while (i < half && j < n)
        scratch[k++] = order(&v[i], &v[j]) <= 0 ? v[i++] : v[j++];
    while (i < half) scratch[k++] = v[i++];
    while (j < n) scratch[k++] = v[j++];
    memcpy(v, scratch, (size_t)n * sizeof *v);
}

static void fill(uint64_t seed)
{
    for (int i = 0; i < N; i++)
        numbers[i] = (uint32_t)next_random(&seed);
}

static uint64_t kernel(void)
{
    static uint32_t scratch[N];
    int (*volatile order)(const void *, const void *) = compare;
    uint64_t sum = 0;
    fill(11);
    quicksort(numbers, 0, N - 1);
    for (int i = 0; i < N; i += 97) sum = sum * 31 + numbers[i];
    fill(12);
    merge_sort(numbers, scratch, N, order);
    for (int i = 0; i < N; i += 97) sum = sum * 31 + numbers[i];
    return sum;
}
