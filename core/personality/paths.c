/* A guest has a tree of its own: the granted directories, and above them directories that exist by name only.
 *
 * Problem: `..`, symbolic links and renames make the meaning of a path depend on the moment at which it is resolved.
 * Comparing texts, or resolving first and opening afterwards, can be raced by anyone who may rename.
 *
 * Answer: only the leading part of a path, which walks through names that we invented (grants and the directories
 * above them, none of which can be a symbolic link), is resolved here, as text.  From the first component inside a
 * grant on, the text goes to the host's kernel unchanged, and openat2(RESOLVE_BENEATH) resolves it in one step that
 * cannot leave the directory, whoever renames what meanwhile.  Where a path would leave, the guest sees ENOENT: in
 * its tree there is nothing.
 */
#define _GNU_SOURCE
#include "paths.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "host_call.h"
#include "scratch.h"
#include "trees/tree.h"

/* A resolution that is raced by renames is tried again this often. */
enum { RACED_ATTEMPTS = 64 };

/* True if `path` is `ancestor` or lies below it; both normal, "" is the root. */
static bool is_within(const char *path, const char *ancestor, size_t ancestor_length)
{
    return strncmp(path, ancestor, ancestor_length) == 0
           && (path[ancestor_length] == '\0' || path[ancestor_length] == '/');
}

/* The innermost grant that holds this path, or NULL. */
static const struct grant *grant_holding(const struct personality *personality, const char *absolute)
{
    const struct grant *best = NULL;
    for (size_t index = 0; index < personality->grant_count; index++) {
        const struct grant *grant = &personality->grants[index];
        if (is_within(absolute, grant->guest_path, grant->length) && (!best || grant->length > best->length))
            best = grant;
    }
    return best;
}

/* True for the root, for grants and for everything above them: directories of our own making, never links. */
static bool is_invented(const struct personality *personality, const char *absolute)
{
    size_t length = strlen(absolute);
    if (length == 0)
        return true;
    for (size_t index = 0; index < personality->grant_count; index++)
        if (is_within(personality->grants[index].guest_path, absolute, length))
            return true;
    return false;
}

/* There is room for a working directory and a path: what is appended has left one of the two. */
static void append(char absolute[ABSOLUTE_CAPACITY], const char *text)
{
    size_t length = strlen(absolute), size = strlen(text) + 1;
    assert(size <= ABSOLUTE_CAPACITY - length);
    memcpy(absolute + length, text, size);
}

/* Walks from `absolute` (normal) along `path` while every step is certain, and appends the rest of it as it is. */
static int64_t walk_text(const struct personality *personality, char *absolute, bool exact, const char *path)
{
    for (;;) {
        while (*path == '/')
            path++;
        size_t length = strcspn(path, "/");
        char *end = absolute + strlen(absolute);
        if (length == 0)
            return 0;
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            if (!exact)
                break;
            char *slash = strrchr(absolute, '/');
            if (slash)
                *slash = '\0';
        } else if (length != 1 || path[0] != '.') {
            *end++ = '/';
            memcpy(end, path, length);
            end[length] = '\0';
            if (!is_invented(personality, absolute)) {
                if (!grant_holding(personality, absolute))
                    return -ENOENT;
                *--end = '\0';
                break;
            }
        }
        path += length;
    }
    append(absolute, "/");
    append(absolute, path);
    return 0;
}

/* A path relative to an open directory stays beneath that directory. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the place has it, to change */
static int64_t place_below(const struct personality *personality, int32_t directory_descriptor, char *path,
                           struct place *place)
{
    const struct open_file *file = descriptor_file(personality, directory_descriptor);
    if (!file)
        return -EBADF;
    if (file->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    *place = (struct place){.directory = file->host, .base = file->node, .quota = file->quota, .writable = file->changeable, .rest = path};
    if (file->node)
        place->tree = file->node->tree;
    return 0;
}

int64_t place_find(struct personality *personality, int which, int32_t directory_descriptor, uint64_t guest_path,
                   struct place *place)
{
    struct path_text *text = &personality_scratch()->path_texts[which];
    size_t length;
    switch (copy_in_string(personality->process, text->guest, guest_addr_from_register(guest_path), PATH_CAPACITY,
                           &length)) {
    case STRING_UNREADABLE:
        return -EFAULT;
    case STRING_TOO_LONG:
        return -ENAMETOOLONG;
    case STRING_COPIED:
        break;
    }
    if (length == 0)
        return -ENOENT;
    bool relative = text->guest[0] != '/';
    if (relative && directory_descriptor != AT_FDCWD)
        return place_below(personality, directory_descriptor, text->guest, place);

    text->absolute[0] = '\0';
    if (relative && personality->working_directory)
        append(text->absolute, personality->working_directory);
    int64_t error =
        walk_text(personality, text->absolute, !relative || personality->working_directory_exact, text->guest);
    if (error)
        return error;
    const struct grant *grant = grant_holding(personality, text->absolute);
    if (!grant) {
        *place = (struct place){.directory = -1, .rest = text->absolute};
        return 0;
    }
    char *rest = text->absolute + grant->length;
    rest += strspn(rest, "/");
    *place = (struct place){.directory = grant->directory, .tree = grant->tree, .quota = grant->quota,
                            .writable = grant->writable, .rest = *rest ? rest : strcpy(text->guest, ".")};
    return 0;
}

static int64_t open_beneath(struct personality *personality, const struct place *place, uint64_t flags, mode_t mode,
                            uint64_t resolve)
{
    struct open_how how = {flags | O_CLOEXEC, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve};
    int64_t opened = -EAGAIN;
    for (int attempt = 0; attempt < RACED_ATTEMPTS && opened == -EAGAIN; attempt++)
        opened = HOST_CALL(personality, SYS_openat2, place->directory, (long)place->rest, (long)&how, sizeof how);
    return opened == -EXDEV ? -ENOENT : opened;
}

int64_t place_open(struct personality *personality, const struct place *place, uint64_t flags, mode_t mode)
{
    return open_beneath(personality, place, flags, mode, 0);
}

int64_t place_open_now(const struct place *place, uint64_t flags, mode_t mode)
{
    struct open_how how = {flags | O_CLOEXEC, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    for (int attempt = 0; attempt < RACED_ATTEMPTS; attempt++) {
        long opened = syscall(SYS_openat2, place->directory, place->rest, &how, sizeof how);
        if (opened >= 0)
            return opened;
        if (errno != EAGAIN && errno != EINTR)
            return errno == EXDEV ? -ENOENT : -errno;
    }
    return -EAGAIN;
}

bool place_is_exact(struct personality *personality, const struct place *place)
{
    int64_t handle = open_beneath(personality, place, O_PATH, 0, RESOLVE_NO_SYMLINKS);
    if (handle >= 0)
        close((int)handle);
    return handle >= 0;
}

int64_t place_entry(struct personality *personality, const struct place *place, int64_t dot_error,
                    struct entry *entry)
{
    if (place_is_invented(place))
        return dot_error;
    char *end = place->rest + strlen(place->rest);
    entry->must_be_directory = end[-1] == '/';
    while (end > place->rest && end[-1] == '/')
        *--end = '\0';
    char *slash = strrchr(place->rest, '/');
    entry->name = slash ? slash + 1 : place->rest;
    struct place parent = {.directory = place->directory, .writable = place->writable, .rest = slash ? place->rest : "."};
    if (slash)
        *slash = '\0';
    int64_t opened = place_open(personality, &parent, O_PATH | O_DIRECTORY, 0);
    if (opened < 0)
        return opened;
    entry->parent = (int)opened;
    if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
        return 0;
    close(entry->parent);
    return dot_error;
}
