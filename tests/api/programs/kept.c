/* What its first argument names: touching a region, faulting in every way, allocating, working. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static volatile unsigned char *const region = (volatile unsigned char *)0x90000000;

static long number(char **arguments, int index) {
    return strtol(arguments[index], NULL, 0);
}

/* --- touching a region: offsets, with a value if they are to be written ----------------------------------------- */

static int touch(char **arguments) {
    for (; *arguments; arguments++) {
        char *end;
        long offset = strtol(*arguments, &end, 0);
        if (*end == '=')
            region[offset] = (unsigned char)strtol(end + 1, NULL, 0);
        printf("%d ", region[offset]);
    }
    return 0;
}

static int pages(long count) {
    for (long page = 0; page < count; page++)
        region[page * PAGE] = (unsigned char)(page + 1);
    long sum = 0;
    for (long page = 0; page < count; page++)
        sum += region[page * PAGE];
    printf("%ld", sum);
    return 0;
}

/* Writes a word to every eighth byte, then adds them up in another order. */
static int churn(long megabytes) {
    volatile uint64_t *words = (volatile uint64_t *)region;
    uint64_t count = (uint64_t)megabytes << 17, sum = 0;
    for (uint64_t i = 0; i < count; i++)
        words[i] = i * 0x9e3779b97f4a7c15u;
    for (uint64_t i = count; i-- > 0;)
        sum = sum * 31 + words[i];
    printf("%llx", (unsigned long long)sum);
    return 0;
}

/* Copies its input to its output by way of the region, with system calls on region memory only: each time at another
 * place, by a step. */
static int through(long size, long step) {
    const char *place = (const char *)region;
    for (ssize_t got; (got = read(0, (void *)place, (size_t)size)) > 0;) {
        for (ssize_t done = 0; done < got;)
            done += write(1, place + done, (size_t)(got - done));
        place += step;
    }
    return 0;
}

static long descend(volatile char *stack, long bytes) {
    for (long done = PAGE; done <= bytes; done += PAGE)
        stack[-done] = (char)(done / PAGE);
    return stack[-bytes];
}

/* --- faults ---------------------------------------------------------------------------------------------------------- */

static volatile int zero;
static const volatile char constant[PAGE] = {1};
static jmp_buf dead;

typedef double vector __attribute__((vector_size(16)));

__attribute__((noinline)) static long recurse(volatile long depth) {
    return depth ? recurse(depth + 1) + depth : 0;
}

__attribute__((noinline)) static long recurse_with_data(volatile long depth) {
    volatile char data[8192];
    data[depth % 8192] = 1;
    return recurse_with_data(depth + 1) + data[depth % 8191];
}

__attribute__((noinline)) static int mark(void) {
    return setjmp(dead);
}

__attribute__((noinline)) static long many(long a, long b, long c, long d, long e, long f, long g, long h) {
    return a + b + c + d + e + f + g + h;
}

static int fault(const char *kind) {
    if (!strcmp(kind, "DIVIDE"))
        return 100 / zero;
    if (!strcmp(kind, "ILLEGAL_INSTRUCTION"))
        __builtin_trap();
    if (!strcmp(kind, "MISALIGNED"))
        *(volatile vector *)((uintptr_t)&dead + 1 + (uintptr_t)zero) = (vector){1, 2};
    if (!strcmp(kind, "UNMAPPED"))
        *(volatile char *)0xa0000000 = 1;
    if (!strcmp(kind, "READ_ONLY"))
        *(volatile char *)(uintptr_t)constant = 1;
    if (!strcmp(kind, "NULL_PAGE"))
        return *(volatile char *)(uintptr_t)zero;
    if (!strcmp(kind, "BAD_INDIRECT_CALL"))
        return ((int (*volatile)(void))(uintptr_t)many)();
    if (!strcmp(kind, "NATIVE_STACK_OVERFLOW"))
        return (int)recurse(1);
    if (!strcmp(kind, "DATA_STACK_OVERFLOW"))
        return (int)recurse_with_data(1);
    if (!strcmp(kind, "BAD_CAST"))
        return *(volatile char *)(uintptr_t)(0xa0000000u + (unsigned)zero);
    if (!strcmp(kind, "BAD_LONG_JUMP")) {
        if (mark() == 0)
            longjmp(dead, 1);
    }
    return 0;
}

static volatile char *volatile nowhere = (volatile char *)0xa0000000;

static int bomb(long count) {
    for (long i = 0; i != count; i++)
        *nowhere = 1;
    return 0;
}

__attribute__((noinline)) static long deepen(long depth) {
    volatile char data[4096];
    data[depth % 4096] = (char)depth;
    return depth ? deepen(depth - 1) + data[depth % 4096] : 0;
}

/* --- a maze: every step depends on a byte of the region, by way of a switch and of function pointers -------------- */

#define STEP(name, expression)                                  \
    __attribute__((noinline)) static long name(long a, long b) { \
        return expression;                                      \
    }
STEP(step_add, a + b)
STEP(step_mix, a * 31 ^ b)
STEP(step_turn, a << (b & 31) | a >> 7)
STEP(step_look, a + region[b & 0xfffff])

static long (*volatile const steps[])(long, long) = {step_add, step_mix, step_turn, step_look};

static int maze(long count) {
    long total = 1;
    for (long i = 0; i < count; i++) {
        unsigned char byte = region[i * PAGE % 0x100000];
        switch (byte % 11) {
        case 0: total += 3; break;
        case 1: total ^= i; break;
        case 2: total *= 5; break;
        case 3: total = steps[i & 3](total, byte); break;
        case 4: total -= region[total & 0xfffff]; break;
        case 5: total = -total; break;
        case 6: printf("%ld\n", total); break;
        case 7: total = steps[total & 3](byte, total); break;
        case 8: total += deepen(byte & 7); break;
        case 9: total |= 1; break;
        default: total = 0;
        }
    }
    return (int)total & 1;
}

/* --- memory and time ------------------------------------------------------------------------------------------------ */

static int allocate(long count, long size) {
    errno = 0;
    for (long i = 0; i < count; i++) {
        char *volatile block = malloc((size_t)size);
        if (!block) {
            printf("%ld %s", i, strerror(errno));
            return 0;
        }
        memset(block, 1, (size_t)size);
    }
    printf("all");
    return 0;
}

static int work(long rounds) {
    volatile uint64_t state = 88172645463325252u;
    for (long i = 0; i < rounds; i++) {
        uint64_t next = state;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        state = next;
    }
    printf("%llx", (unsigned long long)state);
    return 0;
}

int main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : "";
    if (!strcmp(name, "touch"))
        return touch(arguments + 2);
    if (!strcmp(name, "pages"))
        return pages(number(arguments, 2));
    if (!strcmp(name, "churn"))
        return churn(number(arguments, 2));
    if (!strcmp(name, "through"))
        return through(number(arguments, 2), count > 3 ? number(arguments, 3) : 0);
    if (!strcmp(name, "descend"))
        return (int)descend(region + number(arguments, 2), number(arguments, 3));
    if (!strcmp(name, "fault"))
        return fault(arguments[2]);
    if (!strcmp(name, "bomb"))
        return bomb(number(arguments, 2));
    if (!strcmp(name, "allocate"))
        return allocate(number(arguments, 2), number(arguments, 3));
    if (!strcmp(name, "deepen"))
        return (int)deepen(number(arguments, 2)) & 1;
    if (!strcmp(name, "maze"))
        return maze(number(arguments, 2));
    if (!strcmp(name, "work"))
        return work(number(arguments, 2));
    return 99;
}
