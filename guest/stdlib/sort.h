/*
 * Sorting for qsort and qsort_r: a merge sort that is stable, as programs have
 * come to expect, and that calls the comparison function as rarely as any.
 *
 * Only the first half of what is merged is copied aside.  Where the halves are in
 * order already nothing is moved, so sorted input takes one comparison an element.
 * If there is no memory for the half, a heap sort in place does it, more slowly.
 *
 * Included with COMPARE(order, a, b) defined as a call of the comparison function.
 */

#include <features.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define INSERTION_COUNT 6
#define LOCAL_SCRATCH 1024

INLINE void copy_element(char *to, const char *from, size_t width)
{
    __builtin_memcpy(to, from, width);
}

/* A few elements; `scratch` holds the one that is being inserted. */
INLINE void sort_few(char *elements, size_t count, size_t width, char *scratch, const struct order *order)
{
    char *end = elements + count * width;

    for (char *next = elements + width; next < end; next += width) {
        char *place = next;
        if (COMPARE(order, place - width, next) <= 0)
            continue;
        copy_element(scratch, next, width);
        do {
            copy_element(place, place - width, width);
            place -= width;
        } while (place > elements && COMPARE(order, place - width, scratch) > 0);
        copy_element(place, scratch, width);
    }
}

/* Merges two sorted neighbours in place; of equal elements those of the first come first. */
INLINE void merge(char *elements, char *middle, char *end, size_t width, char *scratch, const struct order *order)
{
    char *left = scratch, *left_end = scratch + (middle - elements), *right = middle, *out = elements;

    memcpy(scratch, elements, (size_t)(middle - elements));
    while (left < left_end && right < end) {
        if (COMPARE(order, left, right) <= 0) {
            copy_element(out, left, width);
            left += width;
        } else {
            copy_element(out, right, width);
            right += width;
        }
        out += width;
    }
    memcpy(out, left, (size_t)(left_end - left));
}

/* One function for each width that is one or two words, and one for all others. */
#define DEFINE_SORT(name, element_width) \
    static void name(char *elements, size_t count, size_t any_width, char *scratch, const struct order *order) \
    { \
        const size_t width = (element_width); \
        if (count <= INSERTION_COUNT) { \
            sort_few(elements, count, width, scratch, order); \
            return; \
        } \
        char *middle = elements + count / 2 * width, *end = elements + count * width; \
        name(elements, count / 2, width, scratch, order); \
        name(middle, count - count / 2, width, scratch, order); \
        if (COMPARE(order, middle - width, middle) > 0) \
            merge(elements, middle, end, width, scratch, order); \
    }

DEFINE_SORT(sort_4, 4)
DEFINE_SORT(sort_8, 8)
DEFINE_SORT(sort_16, 16)
DEFINE_SORT(sort_any, any_width)

static void swap_elements(char *a, char *b, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static void sift_down(char *elements, size_t root, size_t count, size_t width, const struct order *order)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && COMPARE(order, elements + child * width, elements + (child + 1) * width) < 0)
            child++;
        if (COMPARE(order, elements + root * width, elements + child * width) >= 0)
            return;
        swap_elements(elements + root * width, elements + child * width, width);
    }
}

static void sort_in_place(char *elements, size_t count, size_t width, const struct order *order)
{
    for (size_t root = count / 2; root-- > 0;)
        sift_down(elements, root, count, width, order);
    for (size_t left = count; left-- > 1;) {
        swap_elements(elements, elements + left * width, width);
        sift_down(elements, 0, left, width, order);
    }
}

static void sort(char *elements, size_t count, size_t width, const struct order *order)
{
    char local[LOCAL_SCRATCH];
    size_t needed = (count / 2 ? count / 2 : 1) * width;

    if (count < 2 || !width)
        return;
    char *scratch = needed <= sizeof local ? local : malloc(needed);
    if (!scratch)
        sort_in_place(elements, count, width, order);
    else if (width == 4)
        sort_4(elements, count, width, scratch, order);
    else if (width == 8)
        sort_8(elements, count, width, scratch, order);
    else if (width == 16)
        sort_16(elements, count, width, scratch, order);
    else
        sort_any(elements, count, width, scratch, order);
    if (scratch != local)
        free(scratch);
}
