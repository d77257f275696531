/* Changing and reading directories: mkdir, rmdir, unlink, rename, getdents64, chdir, getcwd.
 *
 * A change acts on one name in one directory.  The directory is resolved beneath its grant and held; the name has one
 * component and is never followed, so there is nothing left that somebody could exchange.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "nodes.h"
#include "paths.h"
#include "quotas.h"
#include "scratch.h"

/* The entry that a place of the host's names, in a directory that may be changed. */
static int64_t find_entry(struct personality *personality, const struct place *place, int64_t dot_error,
                          struct entry *entry)
{
    int64_t error = place_entry(personality, place, dot_error, entry);
    if (!error && !place->writable) {
        close(entry->parent);
        error = -EROFS;
    }
    return error;
}

static int64_t make_directory(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                              uint64_t guest_mode)
{
    struct entry entry;
    struct place place;
    mode_t mode = (mode_t)guest_mode & 0777 & ~personality->creation_mask;
    int64_t result = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (!result && place.tree)
        return tree_make_directory(place.tree, place.base, place.rest, mode, place.writable);
    if (!result)
        result = find_entry(personality, &place, -EEXIST, &entry);
    if (result)
        return result;
    if (personality->created_entries >= CREATED_ENTRIES_LIMIT)
        result = -ENOSPC;
    else if (place.quota)
        result = quota_make_directory(place.quota, entry.parent, entry.name, mode);
    else
        result = HOST_CALL(personality, SYS_mkdirat, entry.parent, (long)entry.name, mode);
    close(entry.parent);
    personality->created_entries += result == 0;
    return result;
}

int64_t call_mkdir(struct personality *personality, const uint64_t arguments[6])
{
    return make_directory(personality, AT_FDCWD, arguments[0], arguments[1]);
}

int64_t call_mkdirat(struct personality *personality, const uint64_t arguments[6])
{
    return make_directory(personality, argument_int(arguments[0]), arguments[1], arguments[2]);
}

/* A name that ended in a slash means a directory. */
static int64_t check_directory(const struct entry *entry)
{
    struct stat status;
    if (fstatat(entry->parent, entry->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

static int64_t remove_entry(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                            int32_t flags)
{
    struct entry entry;
    struct place place;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    int64_t result = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (!result && place.tree)
        return tree_remove(place.tree, place.base, place.rest, flags & AT_REMOVEDIR, place.writable);
    if (!result)
        result = find_entry(personality, &place, flags & AT_REMOVEDIR ? -EINVAL : -EISDIR, &entry);
    if (result)
        return result;
    result = entry.must_be_directory ? check_directory(&entry) : 0;
    if (!result && place.quota)
        result = quota_remove(place.quota, entry.parent, entry.name, flags);
    else if (!result)
        result = HOST_CALL(personality, SYS_unlinkat, entry.parent, (long)entry.name, flags);
    close(entry.parent);
    personality->created_entries -= result == 0;
    return result;
}

int64_t call_unlink(struct personality *personality, const uint64_t arguments[6])
{
    return remove_entry(personality, AT_FDCWD, arguments[0], 0);
}

int64_t call_rmdir(struct personality *personality, const uint64_t arguments[6])
{
    return remove_entry(personality, AT_FDCWD, arguments[0], AT_REMOVEDIR);
}

int64_t call_unlinkat(struct personality *personality, const uint64_t arguments[6])
{
    return remove_entry(personality, argument_int(arguments[0]), arguments[1], argument_int(arguments[2]));
}

static int64_t rename_entry(struct personality *personality, struct quota *quota, const struct entry *from,
                            const struct entry *to, uint32_t flags)
{
    if (from->must_be_directory || to->must_be_directory) {
        int64_t error = check_directory(from);
        if (error)
            return error;
    }
    if (quota)
        return quota_rename(quota, from->parent, from->name, to->parent, to->name, flags);
    return HOST_CALL(personality, SYS_renameat2, from->parent, (long)from->name, to->parent, (long)to->name, flags);
}

static int64_t rename_on_host(struct personality *personality, const struct place *from_place,
                              const struct place *to_place, uint32_t flags)
{
    struct entry from, to;
    int64_t result = find_entry(personality, from_place, -EBUSY, &from);
    if (result)
        return result;
    result = find_entry(personality, to_place, -EBUSY, &to);
    if (!result) {
        result = from_place->quota == to_place->quota
                     ? rename_entry(personality, to_place->quota, &from, &to, flags)
                     : -EXDEV; /* what it holds would have to change from one to the other */
        close(to.parent);
    }
    close(from.parent);
    return result;
}

static struct tree_place in_tree(const struct place *place)
{
    return (struct tree_place){place->base, place->rest, place->writable};
}

/* One side of a rename between two trees, or a tree and the host. */
static int64_t check_side(struct personality *personality, const struct place *place)
{
    struct entry entry;
    if (place->tree)
        return tree_check_name(place->tree, in_tree(place));
    int64_t error = find_entry(personality, place, -EBUSY, &entry);
    if (!error)
        close(entry.parent);
    return error;
}

/* arguments: directory, path, directory, path, flags */
int64_t call_renameat2(struct personality *personality, const uint64_t arguments[6])
{
    struct place from, to;
    uint32_t flags = (uint32_t)arguments[4];
    if (flags & ~RENAME_NOREPLACE)
        return -EINVAL;
    int64_t result = place_find(personality, FIRST_PATH, argument_int(arguments[0]), arguments[1], &from);
    if (!result)
        result = place_find(personality, SECOND_PATH, argument_int(arguments[2]), arguments[3], &to);
    if (result)
        return result;
    if (!from.tree && !to.tree)
        return rename_on_host(personality, &from, &to, flags);
    if (from.tree == to.tree)
        return tree_rename(from.tree, in_tree(&from), in_tree(&to), !(flags & RENAME_NOREPLACE));
    result = check_side(personality, &from);
    if (!result)
        result = check_side(personality, &to);
    return result ? result : -EXDEV;
}

int64_t call_renameat(struct personality *personality, const uint64_t arguments[6])
{
    return call_renameat2(personality,
                          (const uint64_t[6]){arguments[0], arguments[1], arguments[2], arguments[3], 0});
}

int64_t call_rename(struct personality *personality, const uint64_t arguments[6])
{
    const uint64_t here = (uint64_t)AT_FDCWD;
    return call_renameat2(personality, (const uint64_t[6]){here, arguments[0], here, arguments[1], 0});
}

int64_t call_getdents64(struct personality *personality, const uint64_t arguments[6])
{
    struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    if (!file)
        return -EBADF;
    if (file->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    uint32_t size = (uint32_t)arguments[2];
    size = size < BOUNCE_CAPACITY ? size : BOUNCE_CAPACITY;
    if (file->node)
        return node_list(personality, file, arguments[1], size);
    off_t before = lseek(file->host, 0, SEEK_CUR);
    int64_t length = HOST_CALL(personality, SYS_getdents64, file->host, (long)personality_scratch()->bounce, size);
    if (length <= 0)
        return length;
    int64_t error = argument_store(personality, arguments[1], personality_scratch()->bounce, (size_t)length);
    if (error)
        lseek(file->host, before, SEEK_SET); /* what nobody has seen comes again */
    return error ? error : length;
}
