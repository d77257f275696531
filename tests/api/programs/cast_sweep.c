/* Casts COUNT integers from START on, STRIDE apart, in a process with memory of every kind.
 * usage: cast_sweep START STRIDE COUNT */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static char zeros[3 * PAGE];
static void *volatile result;

static int function(void)
{
    return 7;
}

static int (*volatile pointer)(void) = function;

static void fill(void)
{
    int write = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    char *holed = mmap(0, 9 * PAGE, write, flags, -1, 0), *fixed = (char *)0x90000000;
    munmap(holed + 3 * PAGE, 2 * PAGE);
    mmap(fixed, 2 * PAGE, write, flags | MAP_FIXED, -1, 0);
    mmap((char *)0xdffff000, PAGE, PROT_READ, flags | MAP_FIXED, -1, 0);
    free(malloc(100));
    result = malloc(200000);
    result = malloc(40 << 20);
    memset(zeros, pointer(), sizeof zeros);
}

int main(int argc, char **argv)
{
    fill();
    if (argc != 4)
        return 2;
    uintptr_t integer = strtoull(argv[1], 0, 0), stride = strtoull(argv[2], 0, 0);
    for (uint64_t count = strtoull(argv[3], 0, 0); count > 0; count--, integer += stride)
        result = (void *)integer;
    return 0;
}
