/* What the parts of a tree share.  All of it under the tree's lock. */
#ifndef MOTTE_TREE_INTERNAL_H
#define MOTTE_TREE_INTERNAL_H

#include "tree.h"

/* The last component of a path, and the directory that it is looked for in. */
struct tree_entry {
    struct tree_node *parent;
    const char *name; /* not ended by a NUL */
    size_t length;
    bool must_be_directory; /* the path ended in a slash */
    bool is_dot;            /* "." or "..", or there is nothing but slashes */
};

/* Bytes of the host's memory: false if limit or bank do not cover them. */
bool tree_charge(struct tree *tree, uint64_t bytes);
void tree_refund(struct tree *tree, uint64_t bytes);

/* tree_lookup answers NULL if there is no such entry. */
struct tree_node *tree_lookup(const struct tree *tree, const struct tree_node *parent, const char *name, size_t length);
int64_t tree_walk(struct tree *tree, struct tree_node *base, const char *path, struct tree_node **found);
int64_t tree_walk_to_entry(struct tree *tree, struct tree_node *base, const char *path, struct tree_entry *entry);

/* A new node under this name; -ENOSPC. */
int64_t tree_add(const struct tree_entry *entry, bool is_directory, mode_t mode, struct tree_node **added);

/* It loses its name, and goes when nobody refers to it any more. */
void tree_unname(struct tree_node *node);

/* A named node gets another name, and the place at the end of another parent; -ENOSPC. */
int64_t tree_move(struct tree_node *node, struct tree_node *parent, const char *name, size_t length);

void tree_drop_pages(struct tree_node *node, uint64_t from_page);
int64_t tree_resize(struct tree_node *node, int64_t size);
void tree_touch(struct tree_node *node); /* modified now */

#endif
