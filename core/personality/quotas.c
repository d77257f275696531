#define _GNU_SOURCE
#include "quotas.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct quota *quota_create(uint64_t bytes, uint64_t files)
{
    struct quota *quota = calloc(1, sizeof *quota);
    if (!quota)
        return NULL;
    atomic_init(&quota->references, 1);
    pthread_mutex_init(&quota->lock, NULL);
    quota->bytes_limit = bytes;
    quota->files_limit = files;
    return quota;
}

void quota_retain(struct quota *quota)
{
    atomic_fetch_add(&quota->references, 1);
}

void quota_release(struct quota *quota)
{
    if (atomic_fetch_sub(&quota->references, 1) != 1)
        return;
    pthread_mutex_destroy(&quota->lock);
    free(quota->open.places);
    free(quota);
}

/* --- under the lock --------------------------------------------------------------------------------------------------- */

static void give_back(struct quota *quota, int64_t bytes)
{
    quota->bytes -= (uint64_t)bytes < quota->bytes ? (uint64_t)bytes : quota->bytes;
}

static void give_back_entry(struct quota *quota)
{
    quota->files -= quota->files > 0;
}

static uint64_t left_of(const struct quota *quota)
{
    return quota->bytes_limit > quota->bytes ? quota->bytes_limit - quota->bytes : 0;
}

/* A file has lost its only name. */
static void note_unnamed(struct quota *quota, const struct stat *before)
{
    give_back_entry(quota);
    if (S_ISREG(before->st_mode) && before->st_nlink == 1 && !open_inodes_has(&quota->open, before))
        give_back(quota, before->st_size);
}

static int64_t end(struct quota *quota, int64_t result)
{
    pthread_mutex_unlock(&quota->lock);
    return result;
}

/* --- content ---------------------------------------------------------------------------------------------------------- */

static int64_t write_some(struct quota *quota, const struct open_file *file, int64_t position, const void *from,
                          size_t size)
{
    struct stat status;
    if (fstat(file->host, &status) != 0)
        return -errno;
    bool moves = position < 0;
    if (file->appending)
        position = status.st_size;
    else if (moves)
        position = lseek(file->host, 0, SEEK_CUR);
    uint64_t left = left_of(quota);
    int64_t most = left < (uint64_t)(INT64_MAX - status.st_size) ? status.st_size + (int64_t)left : INT64_MAX;
    if (position < 0 || (size && position >= most))
        return position < 0 ? -ESPIPE : -EDQUOT;
    if (size > (uint64_t)(most - position))
        size = (size_t)(most - position);
    ssize_t written;
    do
        written = moves ? write(file->host, from, size) : pwrite(file->host, from, size, position);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return -errno;
    if (written && position + written > status.st_size)
        quota->bytes += (uint64_t)(position + written - status.st_size);
    return written;
}

int64_t quota_write(struct quota *quota, const struct open_file *file, int64_t position, const void *from, size_t size)
{
    pthread_mutex_lock(&quota->lock);
    return end(quota, write_some(quota, file, position, from, size));
}

int64_t quota_truncate(struct quota *quota, int host, int64_t size)
{
    struct stat status;
    pthread_mutex_lock(&quota->lock);
    if (fstat(host, &status) != 0)
        return end(quota, -errno);
    int64_t growth = size - status.st_size;
    if (growth > 0 && (uint64_t)growth > left_of(quota))
        return end(quota, -EDQUOT);
    if (ftruncate(host, size) != 0)
        return end(quota, -errno);
    if (growth > 0)
        quota->bytes += (uint64_t)growth;
    else
        give_back(quota, -growth);
    return end(quota, 0);
}

/* --- opening and closing ---------------------------------------------------------------------------------------------- */

int64_t quota_open(struct quota *quota, struct personality *personality, int handle, int32_t flags, quota_opens *opens)
{
    struct stat status;
    pthread_mutex_lock(&quota->lock);
    if (fstat(handle, &status) != 0)
        return end(quota, -errno);
    if (!open_inodes_make_room(&quota->open))
        return end(quota, -ENOMEM);
    int64_t host = opens(personality, handle, flags);
    if (host >= 0 && S_ISREG(status.st_mode)) {
        open_inodes_add(&quota->open, &status);
        if (flags & O_TRUNC)
            give_back(quota, status.st_size);
    }
    return end(quota, host);
}

int64_t quota_create_file(struct quota *quota, const struct place *place, uint64_t flags, mode_t mode)
{
    struct stat status;
    pthread_mutex_lock(&quota->lock);
    if (quota->files >= quota->files_limit)
        return end(quota, -EDQUOT);
    if (!open_inodes_make_room(&quota->open))
        return end(quota, -ENOMEM);
    int64_t host = place_open_now(place, flags, mode);
    if (host < 0)
        return end(quota, host);
    quota->files++;
    if (fstat((int)host, &status) == 0) {
        open_inodes_add(&quota->open, &status);
        return end(quota, host);
    }
    close((int)host);
    return end(quota, -EIO);
}

int64_t quota_make_directory(struct quota *quota, int parent, const char *name, mode_t mode)
{
    pthread_mutex_lock(&quota->lock);
    if (quota->files >= quota->files_limit)
        return end(quota, -EDQUOT);
    if (mkdirat(parent, name, mode) != 0)
        return end(quota, -errno);
    quota->files++;
    return end(quota, 0);
}

void quota_close(struct quota *quota, int host)
{
    struct stat status;
    pthread_mutex_lock(&quota->lock);
    if (fstat(host, &status) == 0 && open_inodes_remove(&quota->open, &status) && status.st_nlink == 0)
        give_back(quota, status.st_size);
    pthread_mutex_unlock(&quota->lock);
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

int64_t quota_remove(struct quota *quota, int parent, const char *name, int flags)
{
    struct stat before;
    pthread_mutex_lock(&quota->lock);
    if (fstatat(parent, name, &before, AT_SYMLINK_NOFOLLOW) != 0 || unlinkat(parent, name, flags) != 0)
        return end(quota, -errno);
    note_unnamed(quota, &before);
    return end(quota, 0);
}

/* A rename of one name of a file to another name of it changes nothing. */
int64_t quota_rename(struct quota *quota, int from, const char *name, int to, const char *new_name, uint32_t flags)
{
    struct stat moved, before;
    pthread_mutex_lock(&quota->lock);
    if (fstatat(from, name, &moved, AT_SYMLINK_NOFOLLOW) != 0)
        return end(quota, -errno);
    bool replaces = fstatat(to, new_name, &before, AT_SYMLINK_NOFOLLOW) == 0
                    && (before.st_dev != moved.st_dev || before.st_ino != moved.st_ino);
    if (renameat2(from, name, to, new_name, flags) != 0)
        return end(quota, -errno);
    if (replaces)
        note_unnamed(quota, &before);
    return end(quota, 0);
}
