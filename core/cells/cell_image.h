/* Slots whose process runs in a cell: an image in them, and in the cell. */
#ifndef MOTTE_CELL_IMAGE_H
#define MOTTE_CELL_IMAGE_H

struct image;
struct slot;

/* As image_take_slot, with a cell that has its job.  What a process may write to is copied out of the image at once, for the
 * host and the cell have to see the same bytes; constants and code are the image's files, in both.  NULL, and *problem
 * says why. */
struct slot *image_take_cell_slot(struct image *image, const char **problem);

#endif
