#include "open_inodes.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

static size_t home_of(const struct open_inodes *inodes, dev_t device, ino_t inode)
{
    uint64_t mixed = ((uint64_t)inode ^ (uint64_t)device << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (inodes->room - 1);
}

/* Where it is, or would be put. */
static struct open_inode *place_of(const struct open_inodes *inodes, dev_t device, ino_t inode)
{
    size_t i = home_of(inodes, device, inode);
    while (inodes->places[i].descriptors && !(inodes->places[i].device == device && inodes->places[i].inode == inode))
        i = (i + 1) & (inodes->room - 1);
    return &inodes->places[i];
}

bool open_inodes_make_room(struct open_inodes *inodes)
{
    if (2 * (inodes->count + 1) <= inodes->room)
        return true;
    struct open_inodes wider = {.room = inodes->room ? inodes->room * 2 : FIRST_ROOM, .count = inodes->count};
    wider.places = calloc(wider.room, sizeof *wider.places);
    if (!wider.places)
        return false;
    for (size_t i = 0; i < inodes->room; i++)
        if (inodes->places[i].descriptors)
            *place_of(&wider, inodes->places[i].device, inodes->places[i].inode) = inodes->places[i];
    free(inodes->places);
    *inodes = wider;
    return true;
}

void open_inodes_add(struct open_inodes *inodes, const struct stat *status)
{
    struct open_inode *place = place_of(inodes, status->st_dev, status->st_ino);
    inodes->count += place->descriptors == 0;
    *place = (struct open_inode){status->st_dev, status->st_ino, place->descriptors + 1};
}

bool open_inodes_has(const struct open_inodes *inodes, const struct stat *status)
{
    return inodes->room && place_of(inodes, status->st_dev, status->st_ino)->descriptors;
}

/* What stands behind it, up to the next free place, may have been put there because this one was taken. */
static void close_gap(struct open_inodes *inodes, size_t gap)
{
    for (size_t i = (gap + 1) & (inodes->room - 1); inodes->places[i].descriptors; i = (i + 1) & (inodes->room - 1)) {
        const struct open_inode moved = inodes->places[i];
        inodes->places[i].descriptors = 0;
        *place_of(inodes, moved.device, moved.inode) = moved;
    }
}

bool open_inodes_remove(struct open_inodes *inodes, const struct stat *status)
{
    if (!open_inodes_has(inodes, status))
        return false;
    struct open_inode *place = place_of(inodes, status->st_dev, status->st_ino);
    if (--place->descriptors)
        return false;
    inodes->count--;
    close_gap(inodes, (size_t)(place - inodes->places));
    return true;
}
