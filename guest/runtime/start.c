/*
 * Where a process begins.  The core enters here with a Linux-like block in the
 * window: argc, argv, NULL, envp, NULL, auxiliary vector.  A process whose functions
 * are called from outside is only prepared: this returns, and `main` is not run.
 */

#include <elf.h>
#include <stdlib.h>
#include <unistd.h>
#include "libc.h"
#include "motte_runtime.h"

#define AUXILIARY_COUNT 64
#define DEFAULT_PAGE_SIZE 4096

/* A library has none, and its processes are never started. */
weak int main(int, char **, char **);

/* Defined by the linker around the program's constructor pointers. */
extern weak hidden void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

static void read_auxiliary_vector(size_t *vector)
{
    size_t value[AUXILIARY_COUNT] = {0};

    libc.auxv = vector;
    for (; vector[0]; vector += 2)
        if (vector[0] < AUXILIARY_COUNT)
            value[vector[0]] = vector[1];
    __hwcap = value[AT_HWCAP];
    libc.page_size = value[AT_PAGESZ] ? value[AT_PAGESZ] : DEFAULT_PAGE_SIZE;
}

static void set_program_name(char *path)
{
    __progname = __progname_full = path;
    for (char *c = path; *c; c++)
        if (*c == '/')
            __progname = c + 1;
}

static void run_constructors(void)
{
    for (void (*const *constructor)(void) = __init_array_start; constructor < __init_array_end; constructor++)
        (*constructor)();
}

void __motte_start(void *block, long is_called)
{
    int argc = (int)*(long *)block;
    char **argv = (char **)block + 1;
    char **environment = argv + argc + 1;
    char **end = environment;

    while (*end)
        end++;
    __environ = environment;
    read_auxiliary_vector((size_t *)(end + 1));
    set_program_name(argc > 0 ? argv[0] : "");
    __motte_init_main_thread();
    run_constructors();
    if (is_called)
        return;
    exit(main(argc, argv, environment));
}
