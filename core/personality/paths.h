/* From a guest's path to a granted directory, and what the host may do there. */
#ifndef MOTTE_PERSONALITY_PATHS_H
#define MOTTE_PERSONALITY_PATHS_H

#include "state.h"

/* Where a path leads: a host directory that the guest holds, and a relative path that the host's kernel is to resolve
 * beneath it. Holding a place proves nothing about what is there. */
struct place {
    int directory; /* -1: in a tree, or a directory above the grants */
    struct tree *tree; /* NULL; the directory in it is `base`, or its root if that is NULL */
    struct tree_node *base;
    struct quota *quota; /* of what is on the host; NULL */
    bool writable;
    char *rest; /* not empty, not absolute; lives in one of the call's path texts */
};

/* A directory above the grants, which exists by name only: nothing can be done in it. */
static inline bool place_is_invented(const struct place *place)
{
    return place->directory < 0 && !place->tree;
}

/* One name in one directory: what unlink, mkdir and rename act on. */
struct entry {
    int parent;       /* host descriptor (O_PATH), to be closed by whoever holds the entry: not in a tree */
    const char *name; /* one component, neither "." nor ".." */
    bool must_be_directory; /* the path ended in a slash */
};

enum { FIRST_PATH, SECOND_PATH };

/* Resolves `guest_path` as far as it is ours: 0, or -errno. `which` chooses the text that the place lives in. */
int64_t place_find(struct personality *personality, int which, int32_t directory_descriptor, uint64_t guest_path,
                   struct place *place);

/* Opens what a place leads to, beneath its directory: a host descriptor, or -errno. Flags as for openat2. */
int64_t place_open(struct personality *personality, const struct place *place, uint64_t flags, mode_t mode);

/* The same for a file that is to be made: at once, by a call of the host's that the end of the process does not interrupt. */
int64_t place_open_now(const struct place *place, uint64_t flags, mode_t mode);

/* True if the place can be reached without following any symbolic link: then its text means the same as its
 * directories. */
bool place_is_exact(struct personality *personality, const struct place *place);

/* The place's last component and the directory that holds it: 0, or -errno; `dot_error` if the path ends in ".",
 * ".." or nothing. */
int64_t place_entry(struct personality *personality, const struct place *place, int64_t dot_error,
                    struct entry *entry);

#endif
