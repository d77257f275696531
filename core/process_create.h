/* Making a process, and taking it apart. */
#ifndef MOTTE_PROCESS_CREATE_H
#define MOTTE_PROCESS_CREATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "ipc/sources.h"
#include "personality.h"

struct bank;
struct meter;
struct process;
struct scheduler;

struct process_options {
    struct image *image;
    const struct byte_string *arguments, *environment; /* without their NULs */
    size_t argument_count, environment_count;
    struct bank *bank;
    uint64_t holder_bytes; /* that whoever asks for the process spends on it: charged with the rest */
    struct scheduler *scheduler;
    struct meter *meter; /* of this scheduler */
    uint64_t native_stack_size;
    bool in_cell; /* its code runs in an OS process of its own (cells/) */
    uint64_t cpu_limit_ns, wall_limit_ns; /* UINT64_MAX is none */
    struct source_terms sources;
    struct personality_options personality;
};

/* 0 and a process in state CREATED; or a negative errno, nothing left behind, and in *problem what was wrong:
 *   -EINVAL  an option is not acceptable
 *   -ENOMEM  the bank does not cover the process
 *   others   the host refuses a resource */
int process_create(const struct process_options *options, struct process **created, const char **problem);

#endif
