/* System calls on what is in a file tree (trees/tree.h). */
#ifndef MOTTE_PERSONALITY_NODES_H
#define MOTTE_PERSONALITY_NODES_H

#include "open.h"
#include "trees/tree.h"

/* Opens what a place in a tree leads to: 0, and `file` has its kind and its node, with a reference; or -errno, and no node. */
int64_t node_open(const struct place *place, const struct open_request *request, struct open_file *file);
void node_close(const struct open_file *file);

int64_t node_status(const struct place *place, struct stat *status);
int64_t node_access(const struct place *place, int32_t mode);

/* A node whose attributes may change, with a reference. */
int64_t node_hold_for_change(const struct place *place, struct tree_node **node);

/* Between the bounce buffer and a file; `position` is -1 for where the file stands. */
int64_t node_move(struct open_file *file, int64_t position, bool out, size_t size);

int64_t node_seek(struct open_file *file, int64_t distance, int whence);

/* Entries of a directory, at most so many bytes of them. */
int64_t node_list(struct personality *personality, struct open_file *file, uint64_t guest_buffer, uint32_t size);

#endif
