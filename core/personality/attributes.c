/* Permissions, times, owners: attributes of files in writable grants.
 *
 * Files belong to the guest's one user, so nobody can be given a file, and no file gets a set-id or sticky bit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "nodes.h"
#include "paths.h"

/* A held object whose attributes may change: an O_PATH handle, to be closed; or in *node one of a tree, to be released. */
static int64_t hold_for_change(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                               int32_t flags, struct tree_node **node)
{
    *node = NULL;
    struct place place;
    if (flags & ~AT_SYMLINK_NOFOLLOW)
        return -EINVAL;
    int64_t error = place_find(personality, FIRST_PATH, directory_descriptor, guest_path, &place);
    if (error)
        return error;
    if (place_is_invented(&place))
        return -EROFS;
    if (place.tree)
        return node_hold_for_change(&place, node);
    int64_t handle = place_open(personality, &place, O_PATH | (flags ? O_NOFOLLOW : 0), 0);
    if (handle >= 0 && !place.writable) {
        close((int)handle);
        return -EROFS;
    }
    return handle;
}

/* The same for an open file; the handle stays the file's, and a node has another reference. */
static int64_t file_for_change(struct personality *personality, uint64_t claimed_descriptor, struct tree_node **node)
{
    *node = NULL;
    const struct open_file *file = descriptor_file(personality, argument_int(claimed_descriptor));
    if (!file)
        return -EBADF;
    if (file->kind == FILE_STREAM)
        return -EPERM;
    if (!file->changeable)
        return -EROFS;
    if (!file->node)
        return file->host;
    tree_node_retain(file->node);
    *node = file->node;
    return 0;
}

/* Of a regular file or a directory, through /proc/self/fd, because no call changes the mode of an O_PATH handle. */
static int64_t change_mode(struct personality *personality, int handle, uint64_t guest_mode)
{
    struct stat status;
    if (fstat(handle, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return -EOPNOTSUPP;
    char name[16];
    (void)snprintf(name, sizeof name, "%d", handle);
    return HOST_CALL(personality, SYS_fchmodat, personality->own_descriptors, (long)name, (long)(guest_mode & 0777));
}

static int64_t change_mode_of_node(struct tree_node *node, uint64_t guest_mode)
{
    tree_set_mode(node, (mode_t)(guest_mode & 0777));
    tree_node_release(node);
    return 0;
}

static int64_t change_mode_of_path(struct personality *personality, int32_t directory_descriptor, uint64_t guest_path,
                                   uint64_t guest_mode)
{
    struct tree_node *node;
    int64_t handle = hold_for_change(personality, directory_descriptor, guest_path, 0, &node);
    if (handle < 0)
        return handle;
    if (node)
        return change_mode_of_node(node, guest_mode);
    int64_t result = change_mode(personality, (int)handle, guest_mode);
    close((int)handle);
    return result;
}

int64_t call_chmod(struct personality *personality, const uint64_t arguments[6])
{
    return change_mode_of_path(personality, AT_FDCWD, arguments[0], arguments[1]);
}

int64_t call_fchmod(struct personality *personality, const uint64_t arguments[6])
{
    struct tree_node *node;
    int64_t handle = file_for_change(personality, arguments[0], &node);
    if (handle < 0)
        return handle;
    return node ? change_mode_of_node(node, arguments[1]) : change_mode(personality, (int)handle, arguments[1]);
}

int64_t call_fchmodat(struct personality *personality, const uint64_t arguments[6])
{
    return change_mode_of_path(personality, argument_int(arguments[0]), arguments[1], arguments[2]);
}

static int64_t set_times_of_node(struct tree_node *node, const struct timespec times[2])
{
    bool valid = true;
    for (int i = 0; i < 2; i++)
        if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT)
            valid = valid && times[i].tv_nsec >= 0 && times[i].tv_nsec < 1000000000;
    if (valid)
        tree_set_times(node, times);
    tree_node_release(node);
    return valid ? 0 : -EINVAL;
}

/* arguments: directory, path (null: the descriptor itself), two times (null: now), flags */
int64_t call_utimensat(struct personality *personality, const uint64_t arguments[6])
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    if (arguments[2] && argument_fetch(personality, times, arguments[2], sizeof times) != 0)
        return -EFAULT;
    struct tree_node *node;
    int64_t handle = arguments[1] ? hold_for_change(personality, argument_int(arguments[0]), arguments[1],
                                                    argument_int(arguments[3]), &node)
                                  : file_for_change(personality, arguments[0], &node);
    if (handle < 0)
        return handle;
    if (node)
        return set_times_of_node(node, times);
    int64_t result = HOST_CALL(personality, SYS_utimensat, handle, (long)"", (long)times, AT_EMPTY_PATH);
    if (arguments[1])
        close((int)handle);
    return result;
}

/* The owner may be set to what it is already. */
static int64_t check_owner(uint64_t guest_user, uint64_t guest_group)
{
    int32_t user = argument_int(guest_user), group = argument_int(guest_group);
    bool same = (user == -1 || user == GUEST_USER_ID) && (group == -1 || group == GUEST_GROUP_ID);
    return same ? 0 : -EPERM;
}

static int64_t change_owner_of_path(struct personality *personality, int32_t directory_descriptor,
                                    uint64_t guest_path, uint64_t guest_user, uint64_t guest_group, int32_t flags)
{
    struct tree_node *node;
    int64_t handle = hold_for_change(personality, directory_descriptor, guest_path, flags, &node);
    if (handle < 0)
        return handle;
    if (node)
        tree_node_release(node);
    else
        close((int)handle);
    return check_owner(guest_user, guest_group);
}

int64_t call_chown(struct personality *personality, const uint64_t arguments[6])
{
    return change_owner_of_path(personality, AT_FDCWD, arguments[0], arguments[1], arguments[2], 0);
}

int64_t call_lchown(struct personality *personality, const uint64_t arguments[6])
{
    return change_owner_of_path(personality, AT_FDCWD, arguments[0], arguments[1], arguments[2], AT_SYMLINK_NOFOLLOW);
}

int64_t call_fchown(struct personality *personality, const uint64_t arguments[6])
{
    struct tree_node *node;
    int64_t handle = file_for_change(personality, arguments[0], &node);
    if (node)
        tree_node_release(node);
    return handle < 0 ? handle : check_owner(arguments[1], arguments[2]);
}

int64_t call_fchownat(struct personality *personality, const uint64_t arguments[6])
{
    return change_owner_of_path(personality, argument_int(arguments[0]), arguments[1], arguments[2], arguments[3],
                                argument_int(arguments[4]));
}

int64_t call_umask(struct personality *personality, const uint64_t arguments[6])
{
    mode_t before = personality->creation_mask;
    personality->creation_mask = (mode_t)arguments[0] & 0777;
    return before;
}
