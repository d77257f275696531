/* Pointers made from integers, one way a case: each line with a cast that the tests name carries its case's name.
 * Cases are chosen by the first argument, so that one compilation serves them all. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define APART __attribute__((noinline))
#define HIDDEN(value) ({ volatile uintptr_t hidden = (uintptr_t)(value); hidden; })

enum { PAGE = 4096 };

static const uintptr_t nowhere = 0x70000000;
static int in_image[4] = {11, 12, 13, 14};

static void *mapping(size_t pages)
{
    char *all = mmap(0, (pages + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(all, PAGE);
    munmap(all + (pages + 1) * PAGE, PAGE);
    return all + PAGE;
}

/* --- what is dereferenced, and bad ------------------------------------------------------------------------------- */

static int arithmetic(void)
{
    uintptr_t base = HIDDEN(in_image);
    int *pointer = (int *)(base + HIDDEN(0x70000000)); /* arithmetic */
    return *pointer;
}

static int memory(void)
{
    static volatile uintptr_t cell[2] = {0, 0x70000000};
    volatile uintptr_t *place = cell;
    char *text = (char *)place[1]; /* memory */
    return text[3];
}

APART static int argument_value(uintptr_t integer)
{
    return *(int *)integer; /* argument */
}

static int argument(void)
{
    return argument_value(HIDDEN(nowhere));
}

static inline int *untagged(uintptr_t tagged)
{
    return (int *)(tagged & ~(uintptr_t)7); /* helper */
}

static int helper(void)
{
    return *untagged(HIDDEN(nowhere) | 5);
}

static int upper_half(void)
{
    uintptr_t integer = HIDDEN(in_image) | HIDDEN(1) << 40;
    return *(int *)integer; /* upper_half */
}

static int narrow(void)
{
    volatile uint32_t integer = 0x70000000;
    return *(int *)(uintptr_t)integer; /* narrow */
}

static int stored(void)
{
    int *pointer = (int *)HIDDEN(nowhere); /* stored */
    *pointer = 1;
    return 0;
}

static int copied(void)
{
    int target[64];
    int *pointer = (int *)HIDDEN(nowhere); /* copied */
    memcpy(target, pointer, HIDDEN(sizeof target));
    return target[0];
}

static int atomic(void)
{
    int *pointer = (int *)HIDDEN(nowhere); /* atomic */
    return __atomic_fetch_add(pointer, 1, __ATOMIC_SEQ_CST);
}

static int chosen(void)
{
    int *pointer = in_image;
    if (HIDDEN(1))
        pointer = (int *)HIDDEN(nowhere); /* chosen */
    return pointer[1];
}

static int chosen_second(void)
{
    int *pointer;
    if (HIDDEN(0))
        pointer = (int *)HIDDEN(in_image);
    else
        pointer = (int *)HIDDEN(nowhere); /* chosen_second */
    return pointer[1];
}

static int walked(void)
{
    int sum = 0;
    for (int *pointer = (int *)HIDDEN(nowhere), *end = pointer + 100; pointer < end; pointer++) /* walked */
        sum += *pointer;
    return sum;
}

static int biased(void)
{
    /* One-based arrays: the integer is outside, though the element is not. */
    int *pointer = (int *)(HIDDEN(mapping(1)) - HIDDEN(8)); /* biased */
    return pointer[HIDDEN(2)];
}

static int unmapped(void)
{
    char *memory = mapping(3);
    uintptr_t integer = HIDDEN(memory);
    int before = *(char *)integer;
    munmap(memory, 3 * PAGE);
    return before + *(char *)HIDDEN(integer); /* unmapped */
}

static int freed_mapping(void)
{
    char *large = malloc(64 << 20);
    uintptr_t integer = HIDDEN(large);
    *(char *)integer = 1;
    free(large);
    return *(char *)HIDDEN(integer); /* freed_mapping */
}

static int shrunk(void)
{
    char *memory = mapping(3);
    uintptr_t integer = HIDDEN(memory + 2 * PAGE);
    *(char *)integer = 1;
    mremap(memory, 3 * PAGE, PAGE, 0);
    return *(char *)HIDDEN(integer); /* shrunk */
}

static int past_the_end(void)
{
    char *pointer = (char *)(HIDDEN(mapping(1)) + PAGE + 1); /* past_the_end */
    return pointer[-2];
}

static int function(int n)
{
    return n + 1;
}

static int (*volatile function_pointer)(int) = function;

static int called_forged(void)
{
    int (*forged)(int) = (int (*)(int))(HIDDEN(function_pointer) + 16); /* called_forged */
    return forged(1);
}

static int called_data(void)
{
    int (*forged)(int) = (int (*)(int))HIDDEN(in_image); /* called_data */
    return forged(1);
}

/* --- what is bad, and never dereferenced ------------------------------------------------------------------------- */

APART static void *failing(void)
{
    return (void *)HIDDEN(-1); /* compared */
}

static int compared(void)
{
    return failing() == (void *)-1 ? 0 : 1;
}

static int returned_trip(void)
{
    void *pointer = (void *)HIDDEN(nowhere + 3); /* returned_trip */
    return HIDDEN(pointer) == nowhere + 3 ? 0 : 1;
}

static uintptr_t hash(const void *pointer)
{
    return (uintptr_t)pointer * 0x9e3779b97f4a7c15u >> 40;
}

APART static int numbered(void *context)
{
    return (int)(uintptr_t)context;
}

static int number(void)
{
    void *context = (void *)(uintptr_t)(int)HIDDEN(5); /* number */
    return numbered(context) + (int)(hash(context) & 0) - 5;
}

static int nothing_copied(void)
{
    int target[4] = {0};
    memcpy(target, (void *)HIDDEN(nowhere), HIDDEN(0)); /* nothing_copied */
    return target[0];
}

static int not_reached(void)
{
    int *pointer = (int *)HIDDEN(nowhere); /* not_reached */
    return HIDDEN(0) ? *pointer : 0;
}

/* --- good ones --------------------------------------------------------------------------------------------------- */

struct node {
    uintptr_t neighbours;
    int value;
};

static int xor_list(void)
{
    struct node *first = 0, *last = 0;
    for (int i = 0; i < 10; i++) {
        struct node *node = malloc(sizeof *node);
        *node = (struct node){(uintptr_t)last, i};
        if (last)
            last->neighbours ^= (uintptr_t)node;
        else
            first = node;
        last = node;
    }
    int sum = 0;
    uintptr_t before = 0;
    for (struct node *node = first; node;) {
        sum += node->value;
        uintptr_t next = node->neighbours ^ before;
        before = (uintptr_t)node;
        node = (struct node *)next;
    }
    return sum - 45;
}

static int good(void)
{
    int *heap = malloc(3 * sizeof *heap), *map = mapping(1);
    char big[1 << 20]; /* not touched: the stack has not grown yet */
    int sum = 0;
    for (int i = 0; i < 3; i++)
        *(int *)HIDDEN(heap + i) = i;
    for (int i = 0; i < 4; i++)
        sum += *(int *)HIDDEN(in_image + i);
    *(char *)HIDDEN(big) = 1;
    sum += *(int *)HIDDEN(map) + strlen((char *)HIDDEN("literal"));
    sum += ((int *)(HIDDEN(heap) | 1 | 2))[0] == 0; /* tagged, and unaligned: x86 does not mind */
    return sum == 50 + 7 + 0 || sum == 50 + 7 + 1 ? 0 : 1;
}

static int ends(void)
{
    char *map = mapping(2);
    volatile void *sink;
    sink = (void *)HIDDEN(map + 2 * PAGE);
    sink = (void *)HIDDEN(in_image + 4);
    sink = (void *)HIDDEN(0);
    sink = (char *)HIDDEN(malloc(24)) + 24;
    (void)sink;
    return ((char *)HIDDEN(map + 2 * PAGE))[-1];
}

static int reserved(void)
{
    /* Address space that is to be used later is the process's own. */
    char *map = mmap(0, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *later = (char *)HIDDEN(map + PAGE);
    mprotect(later, PAGE, PROT_READ | PROT_WRITE);
    return *later;
}

static int called(void)
{
    int (*again)(int) = (int (*)(int))HIDDEN(function_pointer);
    return again(-1);
}

static int jumped(void)
{
    static jmp_buf place;
    volatile int count = 0;
    if (setjmp(place) < 3) {
        count += *(int *)HIDDEN(in_image);
        longjmp(place, count / 11);
    }
    return count - 33;
}

static int constant(void)
{
    return *(volatile int *)0x70000004;
}

static int *volatile shared;

APART static int read_shared(void)
{
    return *shared;
}

static int left(void)
{
    shared = (int *)HIDDEN(nowhere); /* left */
    return read_shared();
}

union both {
    uintptr_t integer;
    int *pointer;
};

static int through_union(void)
{
    volatile union both both = {.integer = HIDDEN(nowhere)};
    return *both.pointer;
}

#define CASE(name) {#name, name}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    CASE(arithmetic), CASE(memory), CASE(argument), CASE(helper), CASE(upper_half), CASE(narrow), CASE(stored),
    CASE(copied), CASE(atomic), CASE(chosen), CASE(chosen_second), CASE(walked), CASE(biased), CASE(unmapped),
    CASE(freed_mapping), CASE(shrunk), CASE(past_the_end), CASE(called_forged), CASE(called_data), CASE(compared),
    CASE(returned_trip), CASE(number), CASE(nothing_copied), CASE(not_reached), CASE(xor_list), CASE(good),
    CASE(ends), CASE(reserved), CASE(called), CASE(jumped), CASE(constant), CASE(left), CASE(through_union),
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(cases[i].name, argv[1]) == 0)
            return cases[i].run();
    return 99;
}
