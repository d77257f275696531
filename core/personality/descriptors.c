#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "host_call.h"
#include "host_memory.h"
#include "locks.h"
#include "nodes.h"
#include "quotas.h"
#include "streams.h"

/* The table's first size: three streams and a file. */
enum { FIRST_DESCRIPTORS = 4 };

struct open_file *descriptor_file(const struct personality *personality, int32_t claimed_descriptor)
{
    if (claimed_descriptor < 0 || (uint32_t)claimed_descriptor >= personality->descriptor_count)
        return NULL;
    return personality->descriptors[claimed_descriptor].file;
}

/* Makes the table reach beyond `number`, which is below the limit. */
static bool make_room(struct personality *personality, uint32_t number)
{
    uint32_t count = personality->descriptor_count ? personality->descriptor_count : FIRST_DESCRIPTORS;
    while (count <= number)
        count *= 2;
    count = count < personality->descriptor_limit ? count : personality->descriptor_limit;
    if (count == personality->descriptor_count)
        return true;
    size_t entry = sizeof *personality->descriptors;
    void *table = host_memory_resize(personality->process, personality->descriptors,
                                     personality->descriptor_count * entry, count * entry);
    if (!table)
        return false;
    personality->descriptors = table;
    personality->descriptor_count = count;
    return true;
}

static int64_t find_free(struct personality *personality, uint32_t lowest)
{
    uint32_t number = lowest;
    while (number < personality->descriptor_count && personality->descriptors[number].file)
        number++;
    if (number >= personality->descriptor_limit)
        return -EMFILE;
    return make_room(personality, number) ? (int64_t)number : -ENOMEM;
}

int64_t descriptor_reserve(struct personality *personality, uint32_t lowest)
{
    if (!personality->reserved_file)
        personality->reserved_file = host_memory_allocate(personality->process, sizeof *personality->reserved_file);
    return personality->reserved_file ? find_free(personality, lowest) : -ENOMEM;
}

void descriptor_fill(struct personality *personality, int32_t descriptor, const struct open_file *file,
                     bool close_on_exec)
{
    struct open_file *entry = personality->reserved_file;
    personality->reserved_file = NULL;
    *entry = *file;
    entry->references = 1;
    personality->descriptors[descriptor] = (struct descriptor){entry, close_on_exec};
}

void descriptor_release(struct personality *personality, int32_t descriptor)
{
    struct open_file *file = personality->descriptors[descriptor].file;
    personality->descriptors[descriptor] = (struct descriptor){NULL, false};
    locks_release(personality, file);
    if (--file->references)
        return;
    if (file->quota && file->kind == FILE_REGULAR)
        quota_close(file->quota, file->host);
    if (file->pipe)
        stream_close(personality, file);
    else if (file->node)
        node_close(file);
    else if (!file->everybodys)
        close(file->host);
    host_memory_free(personality->process, file, sizeof *file);
}

void descriptors_release(struct personality *personality)
{
    for (uint32_t number = 0; number < personality->descriptor_count; number++)
        if (personality->descriptors[number].file)
            descriptor_release(personality, (int32_t)number);
    host_memory_free(personality->process, personality->reserved_file, sizeof *personality->reserved_file);
    host_memory_free(personality->process, personality->descriptors,
                     personality->descriptor_count * sizeof *personality->descriptors);
}

/* Makes `to`, which is in the table, and free or about to be replaced, another name of `file`. */
static int64_t duplicate(struct personality *personality, struct open_file *file, int32_t to, bool close_on_exec)
{
    file->references++;
    if (personality->descriptors[to].file)
        descriptor_release(personality, to);
    personality->descriptors[to] = (struct descriptor){file, close_on_exec};
    return to;
}

static int64_t duplicate_from(struct personality *personality, struct open_file *file, uint64_t claimed_lowest,
                              bool close_on_exec)
{
    if (claimed_lowest >= personality->descriptor_limit)
        return -EINVAL;
    int64_t to = find_free(personality, (uint32_t)claimed_lowest);
    return to < 0 ? to : duplicate(personality, file, (int32_t)to, close_on_exec);
}

int64_t call_close(struct personality *personality, const uint64_t arguments[6])
{
    int32_t descriptor = argument_int(arguments[0]);
    if (!descriptor_file(personality, descriptor))
        return -EBADF;
    descriptor_release(personality, descriptor);
    return 0;
}

int64_t call_dup(struct personality *personality, const uint64_t arguments[6])
{
    struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    return file ? duplicate_from(personality, file, 0, false) : -EBADF;
}

int64_t call_dup2(struct personality *personality, const uint64_t arguments[6])
{
    int32_t from = argument_int(arguments[0]), to = argument_int(arguments[1]);
    struct open_file *file = descriptor_file(personality, from);
    if (!file || to < 0 || (uint32_t)to >= personality->descriptor_limit)
        return -EBADF;
    if (from == to)
        return to;
    return make_room(personality, (uint32_t)to) ? duplicate(personality, file, to, false) : -ENOMEM;
}

int64_t call_dup3(struct personality *personality, const uint64_t arguments[6])
{
    if (argument_int(arguments[0]) == argument_int(arguments[1]) || (argument_int(arguments[2]) & ~O_CLOEXEC))
        return -EINVAL;
    int64_t to = call_dup2(personality, arguments);
    if (to >= 0)
        personality->descriptors[to].close_on_exec = argument_int(arguments[2]) & O_CLOEXEC;
    return to;
}

static int64_t status_flags(const struct open_file *file)
{
    int access = file->readable ? (file->writable ? O_RDWR : O_RDONLY) : O_WRONLY;
    return access | (file->appending ? O_APPEND : 0) | (file->nonblocking ? O_NONBLOCK : 0);
}

/* A stream's flags are kept here only: its host description belongs to somebody else as well. */
static int64_t set_status_flags(struct personality *personality, struct open_file *file, int32_t flags)
{
    bool append = flags & O_APPEND;
    if (append != file->appending && file->kind == FILE_REGULAR && !file->node) {
        int64_t result = HOST_CALL(personality, SYS_fcntl, file->host, F_SETFL, append ? O_APPEND : 0);
        if (result < 0)
            return result;
    }
    if (file->kind == FILE_REGULAR)
        file->appending = append;
    file->nonblocking = flags & O_NONBLOCK;
    return 0;
}

int64_t call_fcntl(struct personality *personality, const uint64_t arguments[6])
{
    int32_t descriptor = argument_int(arguments[0]), command = argument_int(arguments[1]);
    struct open_file *file = descriptor_file(personality, descriptor);
    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate_from(personality, file, arguments[2], command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return personality->descriptors[descriptor].close_on_exec ? FD_CLOEXEC : 0;
    case F_SETFD:
        personality->descriptors[descriptor].close_on_exec = arguments[2] & FD_CLOEXEC;
        return 0;
    case F_GETFL:
        return status_flags(file);
    case F_SETFL:
        return set_status_flags(personality, file, argument_int(arguments[2]));
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return locks_call(personality, file, command, arguments[2]);
    default:
        return -EINVAL;
    }
}
