#define _GNU_SOURCE
#include "arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE };
#define LOWEST UINT64_C(0x10000)
#define FOUR_GIB (UINT64_C(1) << 32)
#define SIDE (UINT64_C(8) << 30)

static uint8_t *piece;

_Noreturn void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static void reserve(uint64_t address, uint64_t size)
{
    if (mmap((void *)address, size, PROT_NONE, RESERVED, -1, 0) != (void *)address)
        give_up("an address range of the arena is taken");
}

static void protect(uint64_t address, uint64_t size, int access)
{
    if (mprotect((void *)address, size, access) != 0)
        give_up("mprotect");
}

static void map_window(void)
{
    int memory = memfd_create("window", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, (off_t)PIECE_SIZE) != 0)
        give_up("memfd_create");
    for (uint64_t at = WINDOW; at < WINDOW + WINDOW_SIZE; at += PIECE_SIZE)
        if (mmap((void *)at, PIECE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory, 0) == MAP_FAILED)
            give_up("the window cannot be mapped");
    piece = (uint8_t *)WINDOW;
    close(memory);
}

/* xor %eax, %eax; ret */
static void write_gates(size_t gates)
{
    static const uint8_t stub[] = {0x31, 0xc0, 0xc3};
    protect(GATES_AT, 0x10000, PROT_READ | PROT_WRITE);
    memset((void *)GATES_AT, 0xcc, 0x10000);
    for (size_t i = 0; i < gates; i++)
        memcpy((void *)(GATES_AT + i * GATE_STRIDE), stub, sizeof stub);
    protect(GATES_AT, 0x10000, PROT_READ | PROT_EXEC);
}

/* The kernel writes into the C library's restartable-sequence area whenever it moves this thread to another processor:
 * not a change of the host's memory that anybody should wonder about. */
static void stop_kernel_writes(void)
{
#if __has_include(<sys/rseq.h>)
    enum { REGISTERED_SIZE = 32 };
    if (__rseq_size > 0)
        syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, REGISTERED_SIZE, RSEQ_FLAG_UNREGISTER,
                RSEQ_SIG);
#endif
}

void arena_prepare(size_t gates)
{
    stop_kernel_writes();
    reserve(LOWEST, FOUR_GIB - LOWEST);
    reserve(WINDOW - SIDE, WINDOW_SIZE + 2 * SIDE);
    reserve(FORBIDDEN, FORBIDDEN_SIZE);
    reserve(STACK_END - SIDE, 2 * SIDE);
    protect(STACK_END - STACK_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE);
    map_window();
    write_gates(gates);
}

void arena_open(void)
{
    protect(TABLES_AT, TABLES_SIZE, PROT_READ | PROT_WRITE);
    protect(BLOCK_AT, BLOCK_SIZE, PROT_READ | PROT_WRITE);
}

void arena_close(void)
{
    protect(TABLES_AT, TABLES_SIZE, PROT_READ);
    protect(BLOCK_AT, BLOCK_SIZE, PROT_READ | PROT_EXEC);
}

uint8_t *arena_piece(void)
{
    return piece;
}

/* --- the host's memory -------------------------------------------------------------------------------------------- */

static bool in_arena(uint64_t low)
{
    return low < FOUR_GIB || (low >= WINDOW - SIDE && low < WINDOW + WINDOW_SIZE + SIDE)
        || (low >= STACK_END - SIDE && low < STACK_END + SIDE);
}

static uint64_t sum(uint64_t total, uintptr_t low, uintptr_t high)
{
    for (const uint64_t *word = (const uint64_t *)low; word < (const uint64_t *)high; word++)
        total = (total ^ *word) * UINT64_C(0x9e3779b97f4a7c15) + (total >> 29);
    return total;
}

/* Read with plain system calls: a stream's buffer is memory of ours that would change. */
static size_t read_mappings(char *text, size_t size)
{
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got;
    while ((got = read(file, text + used, size - used - 1)) > 0)
        used += (size_t)got;
    close(file);
    text[used] = 0;
    return used;
}

uint64_t arena_sum_of_host_memory(uintptr_t low_excluded, uintptr_t high_excluded)
{
    static char *text;
    enum { TEXT_SIZE = 1 << 20 }; /* each piece of the window is a line */
    if (!text)
        text = mmap(NULL, TEXT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    read_mappings(text, TEXT_SIZE);
    uint64_t total = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char *end;
        uintptr_t low = strtoul(line, &end, 16), high = strtoul(end + 1, &end, 16);
        bool summed = end[2] == 'w' && end[4] == 'p' && !in_arena(low);
        char *line_end = strchr(line, '\n');
        if (!summed || (line_end - line > 7 && memcmp(line_end - 7, "[stack]", 7) == 0))
            continue;
        if (low <= low_excluded && low_excluded < high) {
            total = sum(total, low, low_excluded);
            low = high_excluded;
        }
        total = sum(total, low, high);
    }
    return total;
}
