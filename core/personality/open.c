/* open, openat, creat: only regular files and directories, and nothing is opened before it is known what it is.
 *
 * Opening has effects of its own: a device does something, a fifo waits.  So the path is first resolved to an O_PATH
 * handle, which has none; what the handle holds is checked; and the very same object is opened again through the
 * host's /proc/self/fd, where no name can be exchanged meanwhile.  Creating uses O_EXCL, so that the result is a new
 * regular file or nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "nodes.h"
#include "open.h"
#include "quotas.h"

/* A file that comes and goes while we look is tried again this often. */
enum { CREATE_ATTEMPTS = 8 };

#define KNOWN_FLAGS                                                                                                    \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_LARGEFILE_BIT |            \
     O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC)
#define O_LARGEFILE_BIT 0100000 /* the C library defines O_LARGEFILE as 0 on this machine */

static int64_t open_again(struct personality *personality, int handle, int32_t flags)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%d", handle);
    flags &= O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC | O_DIRECTORY;
    int host = openat(personality->own_descriptors, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return host < 0 ? -errno : host;
}

/* Files of procfs speak for the host process: its memory, its environment. */
static bool is_procfs(int handle)
{
    struct statfs filesystem;
    return fstatfs(handle, &filesystem) != 0 || filesystem.f_type == PROC_SUPER_MAGIC;
}

/* Opens what `handle` holds, if a guest may have it. */
static int64_t open_held(struct personality *personality, int handle, const struct place *place,
                         const struct open_request *request, struct open_file *file)
{
    struct stat status;
    if (fstat(handle, &status) != 0)
        return -errno;
    if (S_ISLNK(status.st_mode))
        return -ELOOP;
    if ((!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) || is_procfs(handle))
        return -EACCES;
    if (S_ISDIR(status.st_mode) && (request->writes || (request->flags & O_CREAT)))
        return -EISDIR;
    if (request->writes && !place->writable)
        return -EROFS;
    file->kind = S_ISDIR(status.st_mode) ? FILE_DIRECTORY : FILE_REGULAR;
    return place->quota ? quota_open(place->quota, personality, handle, request->flags, open_again)
                        : open_again(personality, handle, request->flags);
}

static int64_t open_existing(struct personality *personality, const struct place *place,
                             const struct open_request *request, struct open_file *file)
{
    int64_t handle = place_open(personality, place, O_PATH | (request->flags & (O_NOFOLLOW | O_DIRECTORY)), 0);
    if (handle < 0)
        return handle;
    int64_t host = open_held(personality, (int)handle, place, request, file);
    close((int)handle);
    return host;
}

static int64_t create(struct personality *personality, const struct place *place, const struct open_request *request,
                      struct open_file *file)
{
    if (!place->writable)
        return -EROFS;
    if (personality->created_entries >= CREATED_ENTRIES_LIMIT)
        return -ENOSPC;
    file->kind = FILE_REGULAR;
    uint64_t flags = (uint64_t)(request->flags & (O_ACCMODE | O_APPEND | O_SYNC)) | O_CREAT | O_EXCL | O_NOFOLLOW;
    int64_t host = place->quota ? quota_create_file(place->quota, place, flags, request->mode)
                                : place_open(personality, place, flags, request->mode);
    personality->created_entries += host >= 0;
    return host;
}

int64_t open_or_create(struct personality *personality, const struct place *place,
                              const struct open_request *request, struct open_file *file)
{
    if ((request->flags & O_CREAT) && (request->flags & O_EXCL))
        return create(personality, place, request, file);
    for (int attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
        int64_t host = open_existing(personality, place, request, file);
        if (host != -ENOENT || !(request->flags & O_CREAT))
            return host;
        host = create(personality, place, request, file);
        if (host != -EEXIST)
            return host;
    }
    return -ENOENT; /* a symbolic link to nothing: we create no file through links */
}

static int64_t decode_flags(const struct personality *personality, int32_t flags, uint64_t guest_mode,
                            struct open_request *request)
{
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    if ((flags & ~KNOWN_FLAGS) || (flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if ((flags & O_CREAT) && (flags & O_DIRECTORY))
        return -EINVAL;
    request->flags = flags;
    request->mode = (mode_t)guest_mode & 0777 & ~personality->creation_mask;
    request->writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
    return 0;
}

static int64_t open_path(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                         int32_t flags, uint64_t guest_mode)
{
    struct open_request request;
    struct place place;
    int64_t error = decode_flags(personality, flags, guest_mode, &request);
    if (!error)
        error = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return -EACCES;
    int64_t descriptor = descriptor_reserve(personality, 0);
    if (descriptor < 0)
        return descriptor;

    struct open_file file = {
        .readable = (flags & O_ACCMODE) != O_WRONLY,
        .writable = (flags & O_ACCMODE) != O_RDONLY,
        .appending = flags & O_APPEND,
        .nonblocking = flags & O_NONBLOCK,
        .changeable = place.writable,
        .quota = place.quota,
        .seekable = true,
    };
    int64_t host = place.tree ? node_open(&place, &request, &file) : open_or_create(personality, &place, &request, &file);
    if (host < 0)
        return host;
    file.host = place.tree ? -1 : (int)host;
    descriptor_fill(personality, (int32_t)descriptor, &file, flags & O_CLOEXEC);
    return descriptor;
}

int64_t call_open(struct personality *personality, const uint64_t arguments[6])
{
    return open_path(personality, AT_FDCWD, arguments[0], argument_int(arguments[1]), arguments[2]);
}

int64_t call_openat(struct personality *personality, const uint64_t arguments[6])
{
    return open_path(personality, argument_int(arguments[0]), arguments[1], argument_int(arguments[2]), arguments[3]);
}

int64_t call_creat(struct personality *personality, const uint64_t arguments[6])
{
    return open_path(personality, AT_FDCWD, arguments[0], O_WRONLY | O_CREAT | O_TRUNC, arguments[1]);
}
