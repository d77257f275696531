/* Which system calls a cell may make: the list, and how it becomes a program for the kernel.
 *
 * Every argument that could mean more than what a turn needs is compared, whole: the upper half of a number that the kernel
 * takes for 32 bits must be zero, so that nobody has to know which numbers those are.  Two architectures' calls have other
 * numbers; who makes one is killed.  All other calls are a trap, which the host is told of. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

#include "program.h"
#include "system.h"

enum { X32_CALL = 0x40000000, MOST_INSTRUCTIONS = 96, MOST_GIBIBYTES_OF_FOUR = 8 };

struct filter {
    struct sock_filter code[MOST_INSTRUCTIONS];
    uint16_t count;
    uint16_t rule; /* where the rule begins that is being made */
};

static void put(struct filter *filter, uint16_t code, uint32_t operand, uint8_t if_true, uint8_t if_false)
{
    filter->code[filter->count++] = (struct sock_filter){code, if_true, if_false, operand};
}

/* --- rules --------------------------------------------------------------------------------------------------------------- */

/* Where the condition does not hold, the rule is left at its end: filled in there. */
enum { LEAVES = 0xff };

static void begin_rule(struct filter *filter, uint32_t number)
{
    put(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    filter->rule = filter->count;
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, number, 0, LEAVES);
}

static void end_rule(struct filter *filter)
{
    put(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    for (uint16_t i = filter->rule; i < filter->count; i++) {
        struct sock_filter *jump = &filter->code[i];
        uint8_t distance = (uint8_t)(filter->count - i - 1);
        jump->jt = jump->jt == LEAVES ? distance : jump->jt;
        jump->jf = jump->jf == LEAVES ? distance : jump->jf;
    }
}

static void load_half(struct filter *filter, int argument, int half)
{
    uint32_t offset = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument + 4 * (size_t)half);
    put(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void require_value(struct filter *filter, int argument, uint64_t value)
{
    load_half(filter, argument, 0);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)value, 0, LEAVES);
    load_half(filter, argument, 1);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value >> 32), 0, LEAVES);
}

/* No bit but these. */
static void require_bits(struct filter *filter, int argument, uint32_t bits)
{
    load_half(filter, argument, 0);
    put(filter, BPF_ALU | BPF_AND | BPF_K, ~bits, 0, 0);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, LEAVES);
    load_half(filter, argument, 1);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, LEAVES);
}

/* Both inclusive, of the upper half. */
static void require_upper_half(struct filter *filter, int argument, uint32_t low, uint32_t high)
{
    load_half(filter, argument, 1);
    put(filter, BPF_JMP | BPF_JGE | BPF_K, low, 0, LEAVES);
    put(filter, BPF_JMP | BPF_JGT | BPF_K, high, LEAVES, 0);
}

/* --- the list ------------------------------------------------------------------------------------------------------------ */

/* Where the store may be mapped.  The host knows what pages of the store cost; what page tables cost it does not, so they have
 * to be few: those of some stretches of 4 GiB side by side. */
struct stretches {
    uint32_t first, last;
};

static bool find_stretches(const struct cell_job *job, struct stretches *found)
{
    uint64_t low = job->kind == CELL_CONFINED ? job->window : 0, high = low + MOTTE_WINDOW_SIZE - 1;
    for (uint32_t i = 0; i < job->mapping_count; i++) {
        const struct cell_mapping *mapping = &job->mappings[i];
        if (mapping->file != CELL_FILE_IS_STORE)
            continue;
        low = mapping->address < low ? mapping->address : low;
        high = mapping->address + mapping->size - 1 > high ? mapping->address + mapping->size - 1 : high;
    }
    *found = (struct stretches){(uint32_t)(low >> 32), (uint32_t)(high >> 32)};
    return found->last - found->first < MOST_GIBIBYTES_OF_FOUR;
}

static void allow_turns(struct filter *filter)
{
    begin_rule(filter, SYS_futex);
    require_value(filter, 0, CELL_CONTROL_BASE + offsetof(struct cell_control, turn));
    require_bits(filter, 1, FUTEX_WAIT | FUTEX_WAKE);
    require_value(filter, 3, 0); /* a timeout would be a clock */
    end_rule(filter);
    begin_rule(filter, SYS_rt_sigreturn);
    end_rule(filter);
    begin_rule(filter, SYS_exit_group);
    end_rule(filter);
}

static void allow_memory(struct filter *filter, const struct stretches *stretches)
{
    begin_rule(filter, SYS_mmap);
    require_upper_half(filter, 0, stretches->first, stretches->last);
    require_bits(filter, 2, PROT_READ | PROT_WRITE);
    require_value(filter, 3, MAP_SHARED | MAP_FIXED);
    require_value(filter, 4, CELL_STORE);
    end_rule(filter);
    begin_rule(filter, SYS_mprotect);
    require_bits(filter, 2, PROT_READ | PROT_WRITE);
    end_rule(filter);
    begin_rule(filter, SYS_munmap);
    end_rule(filter);
}

_Static_assert((FUTEX_WAIT | FUTEX_WAKE) == 1, "no third operation has only their bits");

static void demand_architecture(struct filter *filter)
{
    put(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    put(filter, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    put(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    put(filter, BPF_JMP | BPF_JGE | BPF_K, X32_CALL, 0, 1);
    put(filter, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

long filter_install(const struct cell_job *job)
{
    static struct filter filter;
    struct stretches stretches;
    if (!find_stretches(job, &stretches))
        return -ERANGE;
    demand_architecture(&filter);
    allow_turns(&filter);
    allow_memory(&filter, &stretches);
    put(&filter, BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
    const struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    return system_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
