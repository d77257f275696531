/* The allocator under a long random load: contents stay, nothing overlaps, calloc is zero, alignment holds.
 *
 * prints:
 * 200000 operations
 * sizes that cannot be: NULL NULL NULL NULL
 * usable
 * grown in place
 * zero bytes: distinct
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 3000

static struct {
    unsigned char *memory;
    size_t size;
    unsigned char value;
} slots[SLOTS];

static uint64_t state = 1;

static unsigned random_number(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33);
}

static size_t random_size(void)
{
    unsigned kind = random_number() % 1000;

    if (kind < 600)
        return random_number() % 600;
    if (kind < 950)
        return random_number() % 20000;
    if (kind < 998)
        return random_number() % 400000;
    return kind == 998 ? random_number() % 6000000 : ((size_t)64 << 20) + random_number() % 100000;
}

static void fail(const char *what, size_t size)
{
    printf("%s at size %zu\n", what, size);
    exit(1);
}

/* Every byte of small ones, samples of large ones, and always the ends. */
static void expect(const unsigned char *memory, size_t size, unsigned char value, const char *what)
{
    for (size_t i = 0; i < size; i += size > 100000 ? 4093 : 1)
        if (memory[i] != value)
            fail(what, size);
    if (size && memory[size - 1] != value)
        fail(what, size);
}

static void fill(unsigned slot)
{
    slots[slot].value = (unsigned char)random_number();
    memset(slots[slot].memory, slots[slot].value, slots[slot].size);
}

static void allocate(unsigned slot)
{
    size_t size = random_size(), alignment = (size_t)16 << random_number() % 10;
    unsigned kind = random_number() % 3;
    unsigned char *memory = kind == 0 ? malloc(size) : kind == 1 ? calloc(1, size) : aligned_alloc(alignment, size);

    if (!memory)
        return;
    if (kind == 1)
        expect(memory, size, 0, "calloc is not zero");
    if ((uintptr_t)memory % (kind == 2 ? alignment : 16))
        fail("misaligned", size);
    if (malloc_usable_size(memory) < size)
        fail("too small", size);
    slots[slot].memory = memory;
    slots[slot].size = size;
    fill(slot);
}

static void change(unsigned slot)
{
    expect(slots[slot].memory, slots[slot].size, slots[slot].value, "changed");
    if (random_number() % 3) {
        free(slots[slot].memory);
        slots[slot].memory = 0;
        return;
    }
    size_t size = random_size() % ((size_t)1 << 22) + 1;
    unsigned char *memory = realloc(slots[slot].memory, size);
    if (!memory)
        return;
    expect(memory, size < slots[slot].size ? size : slots[slot].size, slots[slot].value, "lost by realloc");
    slots[slot].memory = memory;
    slots[slot].size = size;
    fill(slot);
}

int main(void)
{
    for (int i = 0; i < 200000; i++) {
        unsigned slot = random_number() % SLOTS;
        if (slots[slot].memory)
            change(slot);
        else
            allocate(slot);
    }
    puts("200000 operations");
    for (int i = 0; i < SLOTS; i++)
        free(slots[i].memory);

    void *volatile a = malloc(SIZE_MAX), *volatile b = malloc(PTRDIFF_MAX), *volatile c = calloc(SIZE_MAX / 2, 3);
    void *volatile d = aligned_alloc((size_t)1 << 62, (size_t)1 << 62);
    printf("sizes that cannot be: %s %s ", a ? "?" : "NULL", b ? "?" : "NULL");
    printf("%s %s\n", c ? "?" : "NULL", d ? "?" : "NULL");

    char *volatile small = malloc(20), *volatile large = malloc(5000);
    memset(small, 1, malloc_usable_size(small));
    memset(large, 2, malloc_usable_size(large));
    puts("usable");
    char *volatile end = malloc(1 << 20), *volatile grown = realloc(end, 8 << 20);
    puts(grown == end ? "grown in place" : "moved");
    void *volatile x = malloc(0), *volatile y = malloc(0);
    printf("zero bytes: %s\n", x && y && x != y ? "distinct" : "not distinct");
    return 0;
}
