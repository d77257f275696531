/* Files that are open, by device and inode, and how often: a hash table without chains.  Not locked. */
#ifndef MOTTE_OPEN_INODES_H
#define MOTTE_OPEN_INODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* descriptors == 0: nothing is here */
struct open_inode {
    dev_t device;
    ino_t inode;
    uint32_t descriptors;
};

/* All zero at the beginning; `places` is to be freed. */
struct open_inodes {
    struct open_inode *places;
    size_t room, count; /* of which at least half is free */
};

/* For one more; false without memory. */
bool open_inodes_make_room(struct open_inodes *inodes);

/* Opened once more; there is room for it. */
void open_inodes_add(struct open_inodes *inodes, const struct stat *status);

bool open_inodes_has(const struct open_inodes *inodes, const struct stat *status);

/* Closed once: true if that was the last time. */
bool open_inodes_remove(struct open_inodes *inodes, const struct stat *status);

#endif
