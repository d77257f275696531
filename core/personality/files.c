/* Calls on open files other than reading and writing: where they stand, how long they are, when they are safe. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "nodes.h"
#include "open.h"
#include "quotas.h"

/* Output streams cannot be sought, even where the host's file could: a hole would look like output never counted. */
int64_t call_lseek(struct personality *personality, const uint64_t arguments[6])
{
    struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    uint32_t whence = (uint32_t)arguments[2];
    if (!file)
        return -EBADF;
    if (!file->seekable || (file->kind == FILE_STREAM && file->writable))
        return -ESPIPE;
    if (whence > SEEK_HOLE)
        return -EINVAL;
    if (file->node)
        return node_seek(file, (int64_t)arguments[1], (int)whence);
    return HOST_CALL(personality, SYS_lseek, file->host, (long)arguments[1], whence);
}

static int64_t synchronise(struct personality *personality, uint64_t claimed_descriptor, long number)
{
    const struct open_file *file = descriptor_file(personality, argument_int(claimed_descriptor));
    if (!file)
        return -EBADF;
    if (file->kind == FILE_STREAM)
        return -EINVAL;
    return file->node ? 0 : HOST_CALL(personality, number, file->host);
}

int64_t call_fsync(struct personality *personality, const uint64_t arguments[6])
{
    return synchronise(personality, arguments[0], SYS_fsync);
}

int64_t call_fdatasync(struct personality *personality, const uint64_t arguments[6])
{
    return synchronise(personality, arguments[0], SYS_fdatasync);
}

static int64_t check_length(int64_t length)
{
    if (length < 0)
        return -EINVAL;
    return length > FILE_SIZE_LIMIT ? -EFBIG : 0;
}

int64_t call_ftruncate(struct personality *personality, const uint64_t arguments[6])
{
    const struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    if (!file)
        return -EBADF;
    if (file->kind != FILE_REGULAR || !file->writable)
        return -EINVAL;
    int64_t error = check_length((int64_t)arguments[1]);
    if (!error && file->node)
        return tree_truncate(file->node, (int64_t)arguments[1]);
    if (!error && file->quota)
        return quota_truncate(file->quota, file->host, (int64_t)arguments[1]);
    return error ? error : HOST_CALL(personality, SYS_ftruncate, file->host, (long)arguments[1]);
}

int64_t call_truncate(struct personality *personality, const uint64_t arguments[6])
{
    struct place place;
    int64_t error = check_length((int64_t)arguments[1]);
    if (!error)
        error = place_find(personality, FIRST_PATH, AT_FDCWD, arguments[0], &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return -EISDIR;
    struct open_file file;
    const struct open_request request = {.flags = O_WRONLY, .writes = true};
    if (place.tree) {
        error = node_open(&place, &request, &file);
        if (!error)
            error = tree_truncate(file.node, (int64_t)arguments[1]);
        if (file.node)
            tree_node_release(file.node);
        return error;
    }
    int64_t host = open_or_create(personality, &place, &request, &file);
    if (host < 0)
        return host;
    if (place.quota) {
        error = quota_truncate(place.quota, (int)host, (int64_t)arguments[1]);
        quota_close(place.quota, (int)host);
    } else {
        error = HOST_CALL(personality, SYS_ftruncate, host, (long)arguments[1]);
    }
    close((int)host);
    return error;
}
