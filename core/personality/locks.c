/* Record locks that exclude other guests and other programs of the host, with POSIX's ownership.
 *
 * POSIX gives such locks to a process: all its descriptors of one file share them, and closing any drops them all.
 * Real POSIX locks would belong to the host process, so that two guests in it would not exclude each other.  Locks of
 * an open file description (OFD locks) do exclude, but taken on the guest's own descriptors they would make two
 * connections of one SQLite process exclude each other.  So each process has one description more for each file
 * that it locks, its *owner*, and takes OFD locks there.
 */
#define _GNU_SOURCE
#include "locks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "host_memory.h"
#include "nodes.h"

/* The kernel's struct flock on x86-64. */
struct guest_lock {
    int16_t type;
    int16_t whence;
    int32_t padding;
    int64_t start;
    int64_t length;
    int32_t process;
    int32_t more_padding;
};
_Static_assert(sizeof(struct guest_lock) == 32, "struct flock");

/* How long a waiting lock sleeps before it tries again. */
static const struct timespec retry_pause = {.tv_nsec = 5000000};

static struct lock_owner *find_owner(const struct personality *personality, const struct stat *status)
{
    struct lock_owner *owner = personality->lock_owners;
    while (owner && (owner->device != status->st_dev || owner->inode != status->st_ino))
        owner = owner->next;
    return owner;
}

/* What stands for the file in locks: of a file in a tree, a file of the host's without content. */
static int64_t locked_host(const struct open_file *file)
{
    return file->node ? tree_lock_file(file->node) : file->host;
}

static int64_t locked_status(const struct open_file *file, struct stat *status)
{
    int64_t host = locked_host(file);
    if (host < 0)
        return host;
    if (fstat((int)host, status) != 0)
        return -errno;
    if (file->node)
        status->st_size = tree_size(file->node);
    return 0;
}

/* Opened for both kinds of lock where that is allowed; else the guest's own description has to do. */
static int64_t open_owner(struct personality *personality, const struct open_file *file)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%d", (int)locked_host(file));
    int64_t host = -EROFS;
    if (file->changeable || file->node)
        host = HOST_CALL(personality, SYS_openat, personality->own_descriptors, (long)name, O_RDWR | O_CLOEXEC);
    return host >= 0 ? host : HOST_CALL(personality, SYS_fcntl, file->host, F_DUPFD_CLOEXEC, 3);
}

/* There are no more of them than open files: with the last descriptor of a file its owner goes. */
static int64_t make_owner(struct personality *personality, const struct open_file *file, const struct stat *status,
                          struct lock_owner **made)
{
    struct lock_owner *owner = host_memory_allocate(personality->process, sizeof *owner);
    if (!owner)
        return -ENOLCK;
    int64_t host = open_owner(personality, file);
    if (host < 0) {
        host_memory_free(personality->process, owner, sizeof *owner);
        return host;
    }
    *owner = (struct lock_owner){personality->lock_owners, (int)host, status->st_dev, status->st_ino};
    *made = personality->lock_owners = owner;
    return 0;
}

/* The lock with its start counted from the file's start. */
static int64_t absolute_lock(const struct open_file *file, const struct stat *status, const struct guest_lock *lock,
                             struct flock *absolute)
{
    int64_t base = 0;
    if (lock->whence == SEEK_CUR)
        base = file->node ? (int64_t)file->offset : lseek(file->host, 0, SEEK_CUR);
    else if (lock->whence == SEEK_END)
        base = status->st_size;
    else if (lock->whence != SEEK_SET)
        return -EINVAL;
    int64_t start;
    if (base < 0 || __builtin_add_overflow(base, lock->start, &start))
        return -EOVERFLOW;
    *absolute = (struct flock){.l_type = lock->type, .l_whence = SEEK_SET, .l_start = start, .l_len = lock->length};
    return 0;
}

static int64_t check_type(const struct open_file *file, int32_t command, int16_t type)
{
    if (type != F_RDLCK && type != F_WRLCK && (type != F_UNLCK || command == F_GETLK))
        return -EINVAL;
    if (command == F_GETLK)
        return 0;
    return (type == F_RDLCK && !file->readable) || (type == F_WRLCK && !file->writable) ? -EBADF : 0;
}

static int64_t set_lock(struct personality *personality, const struct lock_owner *owner, bool wait,
                        struct flock *lock)
{
    for (;;) {
        int64_t result = HOST_CALL(personality, SYS_fcntl, owner->host, F_OFD_SETLK, (long)lock);
        if (result != -EAGAIN || !wait)
            return result;
        if (process_stop_requested(personality->process))
            return -EINTR;
        HOST_WAIT(personality, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (long)&retry_pause);
    }
}

static int64_t get_lock(struct personality *personality, const struct lock_owner *owner, struct flock *lock,
                        struct guest_lock *answer)
{
    int64_t error = HOST_CALL(personality, SYS_fcntl, owner->host, F_OFD_GETLK, (long)lock);
    if (error)
        return error;
    answer->type = lock->l_type;
    if (lock->l_type != F_UNLCK)
        *answer = (struct guest_lock){
            .type = lock->l_type, .start = lock->l_start, .length = lock->l_len, .process = -1};
    return 0;
}

int64_t locks_call(struct personality *personality, const struct open_file *file, int32_t command,
                   uint64_t guest_lock)
{
    struct guest_lock claimed_lock;
    struct flock lock;
    struct stat status;
    if (argument_fetch(personality, &claimed_lock, guest_lock, sizeof claimed_lock) != 0)
        return -EFAULT;
    if (file->kind != FILE_REGULAR)
        return -EINVAL;
    int64_t error = locked_status(file, &status);
    if (!error)
        error = check_type(file, command, claimed_lock.type);
    if (!error)
        error = absolute_lock(file, &status, &claimed_lock, &lock);
    if (error)
        return error;
    struct lock_owner *owner = find_owner(personality, &status);
    if (!owner)
        error = make_owner(personality, file, &status, &owner);
    if (error)
        return error;
    if (command != F_GETLK)
        return set_lock(personality, owner, command == F_SETLKW, &lock);
    error = get_lock(personality, owner, &lock, &claimed_lock);
    return error ? error : argument_store(personality, guest_lock, &claimed_lock, sizeof claimed_lock);
}

void locks_release(struct personality *personality, const struct open_file *file)
{
    struct stat status;
    if (!personality->lock_owners || file->kind != FILE_REGULAR || locked_status(file, &status) != 0)
        return;
    struct lock_owner *owner = find_owner(personality, &status);
    if (!owner)
        return;
    struct lock_owner **link = &personality->lock_owners;
    while (*link != owner)
        link = &(*link)->next;
    *link = owner->next;
    close(owner->host);
    host_memory_free(personality->process, owner, sizeof *owner);
}

/* These belong to the description in Linux too, so the guest's own will do; a file in a tree gets one now. */
int64_t call_flock(struct personality *personality, const uint64_t arguments[6])
{
    struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    if (!file)
        return -EBADF;
    if (file->kind == FILE_STREAM)
        return -EINVAL;
    if (file->node && file->host < 0) {
        int64_t description = open_owner(personality, file);
        if (description < 0)
            return description;
        file->host = (int)description;
    }
    return HOST_CALL(personality, SYS_flock, file->host, argument_int(arguments[1]));
}
