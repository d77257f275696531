/* How much the processes that share a granted directory may add to it: bytes, and files.
 *
 * What counts is growth: a byte that is written over costs nothing, one beyond the end of a file costs one, a hole as much as
 * it is long.  Making a file shorter gives back, and so does the last name of a file when nobody has it open any more.  More
 * than was counted is never given back.  So the files of a directory are never larger, all together, than they were at the
 * beginning and the quota; where other programs, and processes with another grant of the same directory, leave them alone.
 *
 * Looking at a file's size, changing it, and counting are one step under the quota's lock, and so are removing a name and
 * asking who has the file open: two guests that work together find no moment in between.  Under the lock host calls are made
 * plainly, for a process that waited for its turn there would keep others from theirs.
 */
#ifndef MOTTE_QUOTAS_H
#define MOTTE_QUOTAS_H

#include <pthread.h>
#include <sys/stat.h>

#include "open_inodes.h"
#include "paths.h"

struct quota {
    _Atomic uint32_t references;
    pthread_mutex_t lock; /* guards everything below */
    uint64_t bytes_limit, bytes;
    uint64_t files_limit, files;
    struct open_inodes open; /* regular files that processes with this quota have */
};

/* With one reference; NULL: the host has no memory. UINT64_MAX is no limit. */
struct quota *quota_create(uint64_t bytes, uint64_t files);
void quota_retain(struct quota *quota);
void quota_release(struct quota *quota);

/* As pwrite (or write, at -1): what there is room for; -EDQUOT. */
int64_t quota_write(struct quota *quota, const struct open_file *file, int64_t position, const void *from, size_t size);

int64_t quota_truncate(struct quota *quota, int host, int64_t size);

/* Opens for somebody what is at `host` already (open.c), and counts what that cuts off. */
typedef int64_t quota_opens(struct personality *personality, int handle, int32_t flags);
int64_t quota_open(struct quota *quota, struct personality *personality, int handle, int32_t flags, quota_opens *opens);

/* A new file, as place_open_now opens it; a new directory, as mkdirat makes it; -EDQUOT. */
int64_t quota_create_file(struct quota *quota, const struct place *place, uint64_t flags, mode_t mode);
int64_t quota_make_directory(struct quota *quota, int parent, const char *name, mode_t mode);

/* The last descriptor of a file is about to be closed. */
void quota_close(struct quota *quota, int host);

/* unlinkat; renameat2 within the quota. */
int64_t quota_remove(struct quota *quota, int parent, const char *name, int flags);
int64_t quota_rename(struct quota *quota, int from, const char *name, int to, const char *new_name, uint32_t flags);

#endif
