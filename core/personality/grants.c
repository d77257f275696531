/* The directories that a process is granted: checked once, when it is created. */
#define _GNU_SOURCE
#include "grants.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "host_call.h"
#include "host_memory.h"
#include "quotas.h"
#include "trees/tree.h"

/* "/" and "/a/b" are normal; "", "a", "/a/", "//a", "/a/../b" are not. */
static bool is_normal(const char *path)
{
    if (strcmp(path, "/") == 0)
        return true;
    if (*path != '/' || strlen(path) >= PATH_CAPACITY)
        return false;
    while (*path == '/') {
        path++;
        size_t length = strcspn(path, "/");
        if (length == 0 || strncmp(path, ".", length) == 0 || (length == 2 && strncmp(path, "..", length) == 0))
            return false;
        path += length;
    }
    return true;
}

static int add_grant(struct personality *personality, const struct personality_directory *directory)
{
    struct stat status;
    if (!is_normal(directory->guest_path))
        return -EINVAL;
    if (!directory->tree && fstat(directory->descriptor, &status) != 0)
        return -errno;
    if (!directory->tree && !S_ISDIR(status.st_mode))
        return -ENOTDIR;
    struct grant *grant = &personality->grants[personality->grant_count];
    const char *path = strcmp(directory->guest_path, "/") == 0 ? "" : directory->guest_path;
    grant->length = strlen(path);
    grant->guest_path = host_memory_allocate(personality->process, grant->length + 1);
    if (!grant->guest_path)
        return -ENOMEM;
    memcpy(grant->guest_path, path, grant->length);
    grant->writable = directory->writable;
    grant->tree = directory->tree;
    if (grant->tree)
        tree_retain(grant->tree);
    grant->quota = directory->quota;
    if (grant->quota)
        quota_retain(grant->quota);
    grant->directory = grant->tree ? -1 : host_duplicate(directory->descriptor);
    personality->grant_count++;
    return grant->tree ? 0 : grant->directory < 0 ? -errno : 0;
}

/* A grant inside another one hides nothing: what lies in the outer directory can also be reached around it, through a
 * link or `..`. So an inner grant may add rights, and never seem to take some away. */
static bool seems_to_take_away(const struct grant *inner, const struct grant *outer)
{
    bool inside = strncmp(inner->guest_path, outer->guest_path, outer->length) == 0
                  && (inner->guest_path[outer->length] == '/' || inner->guest_path[outer->length] == '\0');
    bool limits = inner->quota && inner->quota != outer->quota;
    return inside && (inner->length == outer->length || (outer->writable && (!inner->writable || limits)));
}

static int check_nesting(const struct personality *personality)
{
    for (size_t inner = 0; inner < personality->grant_count; inner++)
        for (size_t outer = 0; outer < personality->grant_count; outer++)
            if (inner != outer && seems_to_take_away(&personality->grants[inner], &personality->grants[outer]))
                return -EINVAL;
    return 0;
}

int grants_add(struct personality *personality, const struct personality_options *options)
{
    if (options->directory_count > MAXIMUM_DIRECTORIES)
        return -EINVAL;
    if (options->directory_count == 0)
        return 0;
    size_t size = options->directory_count * sizeof *personality->grants;
    personality->grants = host_memory_allocate(personality->process, size);
    if (!personality->grants)
        return -ENOMEM;
    personality->grant_capacity = (uint32_t)options->directory_count;
    for (size_t index = 0; index < options->directory_count; index++) {
        int error = add_grant(personality, &options->directories[index]);
        if (error)
            return error;
    }
    struct statfs filesystem;
    personality->own_descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (personality->own_descriptors < 0 || fstatfs(personality->own_descriptors, &filesystem) != 0)
        return -errno;
    return filesystem.f_type == PROC_SUPER_MAGIC ? check_nesting(personality) : -EOPNOTSUPP;
}

void grants_release(struct personality *personality)
{
    for (size_t index = 0; index < personality->grant_count; index++) {
        const struct grant *grant = &personality->grants[index];
        host_memory_free(personality->process, grant->guest_path, grant->length + 1);
        if (grant->quota)
            quota_release(grant->quota);
        if (grant->tree)
            tree_release(grant->tree);
        else if (grant->directory >= 0)
            close(grant->directory);
    }
    host_memory_free(personality->process, personality->grants,
                     personality->grant_capacity * sizeof *personality->grants);
    if (personality->own_descriptors >= 0)
        close(personality->own_descriptors);
}
