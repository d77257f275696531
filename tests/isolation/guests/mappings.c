/* Maps, protects, clears and unmaps pages at random, from a seed, and after each step looks at all that it can read: each
 * page has the number that was last written to it, or zeros. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES = 96, PAGE = 4096 };
enum state { FREE, WRITABLE, READABLE, DENIED };

static unsigned char *area;
static enum state states[PAGES];
static uint32_t numbers[PAGES];
static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static int fail(const char *what, int page)
{
    printf("page %d: %s\n", page, what);
    exit(1);
}

static void check(void)
{
    for (int page = 0; page < PAGES; page++) {
        if (states[page] != WRITABLE && states[page] != READABLE)
            continue;
        const uint32_t *words = (const uint32_t *)(area + page * PAGE);
        if (words[0] != numbers[page] || words[PAGE / 4 - 1] != numbers[page])
            fail("has lost its number", page);
    }
}

static void write_numbers(int first, int end)
{
    for (int page = first; page < end; page++) {
        if (states[page] != WRITABLE)
            continue;
        uint32_t *words = (uint32_t *)(area + page * PAGE);
        numbers[page] = words[0] = words[PAGE / 4 - 1] = draw(1u << 30);
    }
}

static void map(int first, int end)
{
    void *start = area + first * PAGE;
    if (mmap(start, (end - first) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start)
        fail("cannot be mapped", first);
    for (int page = first; page < end; page++) {
        states[page] = WRITABLE;
        numbers[page] = 0;
    }
}

static void unmap(int first, int end)
{
    if (munmap(area + first * PAGE, (end - first) * PAGE) != 0)
        fail("cannot be unmapped", first);
    for (int page = first; page < end; page++)
        states[page] = FREE;
}

static void protect(int first, int end)
{
    static const int protections[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE};
    int chosen = draw(3), all = 1;
    for (int page = first; page < end; page++)
        all = all && states[page] != FREE;
    int result = mprotect(area + first * PAGE, (end - first) * PAGE, protections[chosen]);
    if ((result == 0) != all)
        fail("is protected as it should not", first);
    for (int page = first; all && page < end; page++)
        states[page] = (enum state)(WRITABLE + chosen);
}

int main(int argc, char **argv)
{
    random_state = strtoull(argv[1], NULL, 10);
    int steps = atoi(argv[2]);
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return 2;
    map(0, PAGES);
    for (int step = 0; step < steps; step++) {
        int first = draw(PAGES), end = first + 1 + draw(PAGES - first);
        switch (draw(4)) {
        case 0:
            map(first, end);
            break;
        case 1:
            unmap(first, end);
            break;
        case 2:
            protect(first, end);
            break;
        default:
            write_numbers(first, end);
            break;
        }
        check();
    }
    int left = 0;
    for (int page = 0; page < PAGES; page++)
        left += states[page] != FREE;
    printf("%d pages are left\n", left);
    fflush(stdout);
    getchar(); /* whoever looks at the memory from outside does it now */
    return 0;
}
