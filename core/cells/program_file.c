#define _GNU_SOURCE
#include "program_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U /* Linux 6.3 */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif

/* Of program_bytes.S, which the build makes. */
extern const char cell_program[], cell_program_end[];

static int create(const char *name, unsigned flags)
{
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    return file < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : file;
}

static int seal_or_close(int file, bool whole, int seals)
{
    if (whole && fcntl(file, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return file;
    close(file);
    return -1;
}

int program_file_create(const char **problem)
{
    ssize_t size = (ssize_t)((uintptr_t)cell_program_end - (uintptr_t)cell_program);
    int file = create("motte-cell", MFD_EXEC);
    if (file < 0) {
        *problem = errno == EACCES ? "the host forbids files in memory that can be executed (the sysctl vm.memfd_noexec is 2)"
                                   : "the host refuses a file in memory for the program of cells";
        return -1;
    }
    file = seal_or_close(file, write(file, cell_program, (size_t)size) == size, F_SEAL_WRITE);
    if (file < 0)
        *problem = "the program of cells could not be written";
    return file;
}

int memory_file_create(const char *name, long size)
{
    int file = create(name, MFD_NOEXEC_SEAL);
    return file < 0 ? -1 : seal_or_close(file, ftruncate(file, size) == 0, 0);
}
