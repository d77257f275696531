/* File trees in the core's own memory: what a guest may have of files without a file of the host's.
 *
 * A tree is a root directory, and files and directories below it: nodes with a name each, and no links of any kind, so that a
 * path means the same whoever looks at it, and nothing leads out of the tree.  Several processes may use one at the same time,
 * and the host.
 *
 * Everything is paid for: a node by its structure and its name, content by the page, the tables of pages by the byte; by a
 * limit of the tree's own, and by a bank if it has one.  What a node cost is given back when it has no name any more and no
 * descriptor refers to it: as in any file system, an open file outlives its name.  Pages that were never written are not there,
 * and read as zeros.
 *
 * Modes are kept and shown, and nobody is refused anything because of them: all of it belongs to the guests' one user.
 *
 * Locks: one per tree.  Under it only a bank's is taken; no guest memory is touched.  Errors are negative errno values.
 */
#ifndef MOTTE_TREE_H
#define MOTTE_TREE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

struct bank;
struct tree;

enum { TREE_NAME = 255, TREE_NODES = 1 << 20 }; /* bytes of one name; nodes that a tree can be allowed */

#define TREE_FILE_SIZE (INT64_C(1) << 30) /* no file grows past this: EFBIG */

struct tree_node {
    struct tree *tree;
    uint32_t references;        /* descriptors and whoever looks: not the tree itself */
    bool is_directory, is_named; /* the root is named, and has no name */
    struct tree_node *parent;   /* NULL: the root; or it was removed */
    struct tree_node *first, *last;     /* entries of a directory, in the order of `order` */
    struct tree_node *next, *previous;  /* among its parent's */
    struct tree_node *next_in_bucket;
    uint64_t order, next_order; /* its place in its parent; the next one's in itself */
    uint32_t directories;       /* among the entries: each is a link to this one */
    uint64_t inode;
    mode_t mode;
    struct timespec accessed, modified, changed;

    int64_t size;
    unsigned char **pages; /* NULL where nothing was written */
    uint64_t page_room, page_count; /* entries of the table; pages that are there */
    int lock_file;         /* a file of the host's without content, which stands for this one in locks; -1: not yet */

    char *name;
    size_t name_length;
};

struct tree {
    _Atomic uint32_t references;
    pthread_mutex_t lock; /* guards everything below, and the nodes */
    struct bank *bank;    /* NULL */
    uint64_t limit, used; /* bytes */
    uint32_t node_limit, node_count;
    uint64_t next_inode;
    struct tree_node *root;
    uint64_t key[2];            /* constant, and nobody else's */
    struct tree_node **buckets; /* all named nodes but the root, by parent and name */
    uint32_t bucket_count;      /* a power of two */
};

/* With one reference, and an empty root; NULL: the host has no memory or random bytes, or the bank pays for nothing.  Retains the bank. */
struct tree *tree_create(uint64_t limit_bytes, uint32_t node_limit, struct bank *bank);
void tree_retain(struct tree *tree);
void tree_release(struct tree *tree);

/* A node that was found has a reference, which keeps its tree as well. */
void tree_node_release(struct tree_node *node);
void tree_node_retain(struct tree_node *node);

/* --- by path: relative to `base` (NULL: the root), and never above it: what would lead there does not exist --------------- */

int64_t tree_find(struct tree *tree, struct tree_node *base, const char *path, struct tree_node **found);

struct tree_open {
    bool creates, exclusive, truncates, directory; /* the last: nothing else will do */
    bool writes;   /* or truncates */
    bool writable; /* it may: else EROFS */
    mode_t mode;
};
int64_t tree_open(struct tree *tree, struct tree_node *base, const char *path, const struct tree_open *request,
                  struct tree_node **opened);

int64_t tree_make_directory(struct tree *tree, struct tree_node *base, const char *path, mode_t mode, bool writable);

/* A directory, or a file. */
int64_t tree_remove(struct tree *tree, struct tree_node *base, const char *path, bool directory, bool writable);

struct tree_place {
    struct tree_node *base;
    const char *path;
    bool writable;
};
/* What tree_rename would say of one side alone: of the directory that holds the name, and of the name itself. */
int64_t tree_check_name(struct tree *tree, struct tree_place place);

int64_t tree_rename(struct tree *tree, struct tree_place from, struct tree_place to, bool may_replace);

/* --- of a node ------------------------------------------------------------------------------------------------------------ */

/* How many bytes were moved: for reading, 0 at the end. A write at -1 is at the end; `end` is where it ended. */
int64_t tree_read(struct tree_node *node, int64_t position, void *to, size_t size);
int64_t tree_write(struct tree_node *node, int64_t position, const void *from, size_t size, int64_t *end);

int64_t tree_truncate(struct tree_node *node, int64_t size);
int64_t tree_size(struct tree_node *node);
void tree_status(struct tree_node *node, struct stat *status);
void tree_set_mode(struct tree_node *node, mode_t mode);

/* UTIME_NOW and UTIME_OMIT as in utimensat. */
void tree_set_times(struct tree_node *node, const struct timespec times[2]);

/* The kernel's struct linux_dirent64 of as many entries as fit, from the place `*offset` on, which moves: how many bytes;
 * -EINVAL if not even one fits. */
int64_t tree_list(struct tree_node *directory, uint64_t *offset, void *to, size_t size);

/* A descriptor that stands for this file wherever locks are taken; it is the tree's. */
int64_t tree_lock_file(struct tree_node *node);

/* --- what there is, for the host ------------------------------------------------------------------------------------------ */

struct tree_figures {
    uint64_t used, limit;
    uint32_t nodes, node_limit;
};
struct tree_figures tree_figures(struct tree *tree);

#endif
