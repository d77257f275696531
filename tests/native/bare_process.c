/*
 * Runs a native program in this very process, for tests: everything of its plan
 * is mapped where the plan says, each gate leads to a function below, and the
 * entry function is called on the program's own stack.  Nothing is limited here.
 *
 * The plan comes on the descriptor that the first argument names, as 64-bit words:
 *   entry, stack low, stack high, block, whether functions are called, count of mappings, count of calls,
 *   then for each mapping: address, size, executable, writable, bytes in the file, the bytes;
 *   then for each call: address, count of arguments, six arguments.  Results go to the descriptor
 * that the second argument names.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, EXIT_CALL = 0, SYSCALL_CALL = 1, SYSCALL6_CALL = 2 };

#define GATE_BASE 0x7f000000UL
#define GATE_STRIDE 32
#define GATE_COUNT 64
#define HEAP_END 0x70000000UL
#define MAP_BASE 0x80000000UL
#define MAP_END 0xe0000000UL

static int plan_descriptor, results_descriptor;
static uint64_t break_now, next_mapping = MAP_BASE;

static void fail(const char *what)
{
    fprintf(stderr, "bare process: %s: %s\n", what, strerror(errno));
    _exit(126);
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & -(uint64_t)PAGE;
}

static void *map(uint64_t address, uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    void *place = mmap((void *)address, whole_pages(size), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (place != (void *)address)
        fail("a mapping");
    return place;
}

static void read_exactly(void *to, size_t size)
{
    for (char *next = to; size; ) {
        ssize_t done = read(plan_descriptor, next, size);
        if (done <= 0)
            fail("the plan ends early");
        next += done;
        size -= (size_t)done;
    }
}

static uint64_t word(void)
{
    uint64_t value;
    read_exactly(&value, sizeof value);
    return value;
}

static long set_break(uint64_t wanted)
{
    if (wanted > break_now && wanted <= HEAP_END) {
        if (whole_pages(wanted) > whole_pages(break_now))
            map(whole_pages(break_now), whole_pages(wanted) - whole_pages(break_now));
        break_now = wanted;
    }
    return (long)break_now;
}

static long result_of(long result)
{
    return result == -1 ? -errno : result;
}

static long system_call(long number, long a, long b, long c, long d, long e)
{
    (void)d, (void)e;
    switch (number) {
    case SYS_read:
        return result_of(read((int)a, (void *)b, (size_t)c));
    case SYS_write:
        return result_of(write((int)a, (const void *)b, (size_t)c));
    case SYS_readv:
        return result_of(readv((int)a, (const struct iovec *)b, (int)c));
    case SYS_writev:
        return result_of(writev((int)a, (const struct iovec *)b, (int)c));
    case SYS_clock_gettime:
        return result_of(syscall(SYS_clock_gettime, a, b));
    case SYS_brk:
        return set_break((uint64_t)a);
    case SYS_mprotect:
        return result_of(mprotect((void *)a, (size_t)b, (int)c));
    case SYS_munmap:
        return result_of(munmap((void *)a, (size_t)b));
    case SYS_getpid:
    case SYS_set_tid_address:
        return 1;
    case SYS_tkill:
        _exit(128 + (int)b);
    case SYS_exit:
    case SYS_exit_group:
        _exit((int)a);
    default:
        return -ENOSYS;
    }
}

static long system_call_of_six(long number, const long arguments[6])
{
    uint64_t size = whole_pages((uint64_t)arguments[1]);
    if (number != SYS_mmap)
        return -ENOSYS;
    if (arguments[0] || size > MAP_END - next_mapping)
        return -ENOMEM;
    next_mapping += size;
    return (long)map(next_mapping - size, size);
}

static void exit_call(int status)
{
    _exit(status);
}

static void missing_call(void)
{
    fprintf(stderr, "bare process: a kernel call that is not served\n");
    _exit(126);
}

/* mov $function, %rax; jmp *%rax */
static void write_gate(char *gate, void *function)
{
    static const char load[] = {0x48, (char)0xb8}, jump[] = {(char)0xff, (char)0xe0};
    memcpy(gate, load, sizeof load);
    memcpy(gate + 2, &function, sizeof function);
    memcpy(gate + 10, jump, sizeof jump);
}

static void make_gates(void)
{
    char *gates = map(GATE_BASE, GATE_COUNT * GATE_STRIDE);
    for (int number = 0; number < GATE_COUNT; number++)
        write_gate(gates + number * GATE_STRIDE, (void *)missing_call);
    write_gate(gates + EXIT_CALL * GATE_STRIDE, (void *)exit_call);
    write_gate(gates + SYSCALL_CALL * GATE_STRIDE, (void *)system_call);
    write_gate(gates + SYSCALL6_CALL * GATE_STRIDE, (void *)system_call_of_six);
    if (mprotect(gates, whole_pages(GATE_COUNT * GATE_STRIDE), PROT_READ | PROT_EXEC))
        fail("the gates' protection");
}

static void take_mapping(void)
{
    uint64_t address = word(), size = word(), executable = word(), writable = word(), length = word();
    char *place = map(address, size);
    read_exactly(place, length);
    int protection = PROT_READ | (executable ? PROT_EXEC : 0) | (writable ? PROT_WRITE : 0);
    if (mprotect(place, whole_pages(size), protection))
        fail("a protection");
}

/* On the program's own stack, as if by a call from there. */
static long enter(uint64_t function, uint64_t stack, const uint64_t *arguments)
{
    long result;
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %[stack], %%rsp\n\t"
                     "movq (%[arguments]), %%rdi\n\t"
                     "movq 8(%[arguments]), %%rsi\n\t"
                     "movq 16(%[arguments]), %%rdx\n\t"
                     "movq 24(%[arguments]), %%rcx\n\t"
                     "movq 32(%[arguments]), %%r8\n\t"
                     "movq 40(%[arguments]), %%r9\n\t"
                     "callq *%[function]\n\t"
                     "movq %%rbx, %%rsp"
                     : "=a"(result)
                     : [function] "r"(function), [stack] "r"(stack), [arguments] "a"(arguments)
                     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 126;
    plan_descriptor = atoi(argv[1]);
    results_descriptor = atoi(argv[2]);

    uint64_t entry = word(), low = word(), high = word(), block = word(), is_called = word();
    uint64_t mappings = word(), calls = word();

    map(low, high - low);
    break_now = high + (1 << 20);
    while (mappings--)
        take_mapping();
    make_gates();
    uint64_t start[6] = {block, is_called};
    enter(entry, high, start);
    while (calls--) {
        uint64_t function = word(), arguments[6];
        read_exactly(arguments, sizeof arguments);
        long result = enter(function, high, arguments);
        if (write(results_descriptor, &result, sizeof result) != sizeof result)
            fail("a result");
    }
    return 0;
}
