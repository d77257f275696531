/* Making a process, and taking it apart. */
#ifndef MOTTE_PROCESS_CREATE_H
#define MOTTE_PROCESS_CREATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "motte_abi.h"
#include "personality.h"

struct bank;
struct code_region;
struct meter;
struct process;
struct scheduler;

struct byte_string {
    const char *bytes;
    size_t size;
};

struct segment {
    uint64_t address; /* in the window, page-aligned */
    struct byte_string contents;
    uint64_t memory_size; /* at least contents.size; the rest is zero */
    bool writable;
};

struct process_options {
    struct code_region *region; /* published */
    uint64_t entry;             /* code offset */
    const struct segment *segments;
    size_t segment_count;
    uint64_t data_stack_low, data_stack_size;
    uint64_t data_stack_pointer_variable, data_stack_limit_variable; /* window addresses, or 0 */
    const struct byte_string *arguments, *environment;               /* without their NULs */
    size_t argument_count, environment_count;
    struct bank *bank;
    struct scheduler *scheduler;
    struct meter *meter; /* of this scheduler */
    uint64_t native_stack_size;
    uint64_t cpu_limit_ns, wall_limit_ns; /* UINT64_MAX is none */
    struct personality_options personality;
};

/* NULL, or what is wrong with them. Everything that process_create relies on is checked here, before anything
 * changes. */
const char *process_options_check(const struct process_options *options);

static inline uint64_t pages_for(uint64_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

/* 0 and a process in state CREATED; or a negative errno, nothing left behind, and in *problem what was wrong:
 *   -EINVAL  an option is not acceptable
 *   -ENOMEM  the bank does not cover the process
 *   others   the host refuses a resource */
int process_create(const struct process_options *options, struct process **created, const char **problem);

#endif
