/* stat and its kin, access, readlink: questions about files, which change nothing.
 *
 * Each resolves the path once, to an O_PATH handle, and asks about the handle.
 */
#define _GNU_SOURCE
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "nodes.h"
#include "paths.h"
#include "scratch.h"
#include "shown_time.h"
#include "streams.h"

/* Everything belongs to the guest's own user, whoever owns it on the host.  What has just been written to tells the time. */
static int64_t store_status(struct personality *personality, uint64_t guest_status, const struct stat *host)
{
    struct timespec accessed = shown_time(personality, host->st_atim), modified = shown_time(personality, host->st_mtim);
    struct timespec changed = shown_time(personality, host->st_ctim);
    struct guest_status status = {
        .device = host->st_dev,
        .inode = host->st_ino,
        .links = host->st_nlink,
        .mode = host->st_mode,
        .user = GUEST_USER_ID,
        .group = GUEST_GROUP_ID,
        .special_device = host->st_rdev,
        .size = host->st_size,
        .block_size = host->st_blksize,
        .blocks = host->st_blocks,
        .accessed = {accessed.tv_sec, accessed.tv_nsec},
        .modified = {modified.tv_sec, modified.tv_nsec},
        .changed = {changed.tv_sec, changed.tv_nsec},
    };
    return argument_store(personality, guest_status, &status, sizeof status);
}

/* A directory above the grants. */
static const struct stat invented_directory = {
    .st_mode = S_IFDIR | 0555, .st_ino = 1, .st_nlink = 1, .st_blksize = 4096};

static int64_t status_of_descriptor(struct personality *personality, int32_t descriptor, uint64_t guest_status)
{
    const struct open_file *file = descriptor_file(personality, descriptor);
    struct stat status;
    if (!file)
        return -EBADF;
    if (file->pipe || file->node) {
        if (file->pipe)
            stream_status(&status);
        else
            tree_status(file->node, &status);
        return store_status(personality, guest_status, &status);
    }
    return fstat(file->host, &status) == 0 ? store_status(personality, guest_status, &status) : -errno;
}

static int64_t status_of_path(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                              uint64_t guest_status, int32_t flags)
{
    struct place place;
    int64_t error = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return store_status(personality, guest_status, &invented_directory);
    if (place.tree) {
        struct stat status;
        error = node_status(&place, &status);
        return error ? error : store_status(personality, guest_status, &status);
    }
    int64_t handle = place_open(personality, &place, O_PATH | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), 0);
    if (handle < 0)
        return handle;
    struct stat status;
    int64_t result = fstat((int)handle, &status) == 0 ? store_status(personality, guest_status, &status) : -errno;
    close((int)handle);
    return result;
}

int64_t call_stat(struct personality *personality, const uint64_t arguments[6])
{
    return status_of_path(personality, AT_FDCWD, arguments[0], arguments[1], 0);
}

int64_t call_lstat(struct personality *personality, const uint64_t arguments[6])
{
    return status_of_path(personality, AT_FDCWD, arguments[0], arguments[1], AT_SYMLINK_NOFOLLOW);
}

int64_t call_fstat(struct personality *personality, const uint64_t arguments[6])
{
    return status_of_descriptor(personality, argument_int(arguments[0]), arguments[1]);
}

int64_t call_newfstatat(struct personality *personality, const uint64_t arguments[6])
{
    int32_t flags = argument_int(arguments[3]);
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    char first = '\0';
    if (flags & AT_EMPTY_PATH && argument_fetch(personality, &first, arguments[1], 1) == 0 && first == '\0')
        return status_of_descriptor(personality, argument_int(arguments[0]), arguments[2]);
    return status_of_path(personality, argument_int(arguments[0]), arguments[1], arguments[2], flags);
}

/* What is denied although the host's kernel would allow it. */
static int64_t check_access(int handle, bool writable, int32_t mode)
{
    struct stat status;
    if (fstat(handle, &status) != 0)
        return -errno;
    if ((mode & W_OK) && !writable)
        return -EROFS;
    return (mode & X_OK) && !S_ISDIR(status.st_mode) ? -EACCES : 0;
}

static int64_t access_path(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                           int32_t mode)
{
    struct place place;
    if (mode & ~(R_OK | W_OK | X_OK))
        return -EINVAL;
    int64_t error = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return mode & W_OK ? -EROFS : 0;
    if (place.tree)
        return node_access(&place, mode);
    int64_t handle = place_open(personality, &place, O_PATH, 0);
    if (handle < 0)
        return handle;
    int64_t result = check_access((int)handle, place.writable, mode);
    if (!result)
        result = HOST_CALL(personality, SYS_faccessat2, handle, (long)"", mode, AT_EMPTY_PATH | AT_EACCESS);
    close((int)handle);
    return result;
}

int64_t call_access(struct personality *personality, const uint64_t arguments[6])
{
    return access_path(personality, AT_FDCWD, arguments[0], argument_int(arguments[1]));
}

int64_t call_faccessat(struct personality *personality, const uint64_t arguments[6])
{
    return access_path(personality, argument_int(arguments[0]), arguments[1], argument_int(arguments[2]));
}

int64_t call_faccessat2(struct personality *personality, const uint64_t arguments[6])
{
    return argument_int(arguments[3]) & ~AT_EACCESS ? -EINVAL : call_faccessat(personality, arguments);
}

static int64_t read_link(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                         uint64_t guest_buffer, int32_t size)
{
    struct place place;
    if (size <= 0)
        return -EINVAL;
    int64_t error = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return -EINVAL;
    if (place.tree) {
        struct stat status;
        error = node_status(&place, &status);
        return error ? error : -EINVAL; /* there are no links */
    }
    int64_t handle = place_open(personality, &place, O_PATH | O_NOFOLLOW, 0);
    if (handle < 0)
        return handle;
    char *target = (char *)personality_scratch()->bounce;
    ssize_t length = readlinkat((int)handle, "", target, PATH_CAPACITY);
    int64_t result = length >= 0 ? length : errno == ENOENT ? -EINVAL : -errno; /* ENOENT: it is no link */
    close((int)handle);
    if (result < 0)
        return result;
    result = result < size ? result : size;
    error = argument_store(personality, guest_buffer, target, (size_t)result);
    return error ? error : result;
}

int64_t call_readlink(struct personality *personality, const uint64_t arguments[6])
{
    return read_link(personality, AT_FDCWD, arguments[0], arguments[1], argument_int(arguments[2]));
}

int64_t call_readlinkat(struct personality *personality, const uint64_t arguments[6])
{
    return read_link(personality, argument_int(arguments[0]), arguments[1], arguments[2], argument_int(arguments[3]));
}
