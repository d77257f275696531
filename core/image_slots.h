/* Slots with an image in them. */
#ifndef MOTTE_IMAGE_SLOTS_H
#define MOTTE_IMAGE_SLOTS_H

#include "image.h"
#include "slot.h"

/* Slots that wait in all images together, at most: each keeps about 16 KiB of the host's memory, which no bank pays
 * for, and never more than 100 KiB. */
enum { WAITING_SLOTS_LIMIT = 256 };

/* A slot with the image and the beginnings of both stacks in it, as if untouched; its mappings are charged. NULL if
 * the host has no more. */
struct slot *image_take_slot(struct image *image);

/* Takes back a slot that nothing was done with; a cell's ends with it. */
void image_return_slot(struct image *image, struct slot *slot);

/* Takes the slot of a process that nobody runs or looks at any more. Nothing of the process stays in it. */
void image_give_slot_back(struct image *image, struct process *process);

/* Frees the slots that wait. */
void image_trim(struct image *image);

/* Called once, before the first image: a forked child has no waiting slots. */
bool images_prepare(void);

/* Opens the front, each of the parts as `map` does, and the data stack.  False if the host refuses. */
typedef bool image_map_part(const struct image *image, struct slot *slot, const struct image_part *part);
bool image_map(const struct image *image, struct slot *slot, image_map_part *map);

/* The areas of such a slot's window: one for each part, the last one with the data stack if that adjoins it, else one
 * more; `areas` has room for part_count + 1. */
size_t image_areas(const struct image *image, struct area *areas);

/* The page tables that such a slot takes, if it begins a gibibyte: image->page_tables. */
struct page_tables image_page_tables(const struct image *image);

/* --- image_reset.c ----------------------------------------------------------------------------------------------- */

/* Puts everything back that the process could have written to. False if the slot cannot be used again like this. */
bool image_make_as_new(const struct image *image, const struct process *process);

/* Fills a part that is copied, in a slot where it is all zeroes. */
void image_copy(const struct image *image, const struct slot *slot, const struct image_part *part);

/* --- places in such a slot --------------------------------------------------------------------------------------- */

/* Of a page of the window. */
static inline uintptr_t image_page(const struct slot *slot, uint64_t page)
{
    return slot_window(slot) + page * MOTTE_PAGE_SIZE;
}

/* The end of what is mapped of the data stack at the start: above it there is nothing. */
static inline uintptr_t image_data_stack_end(const struct image *image, const struct slot *slot)
{
    return slot_window(slot) + image->data_stack_mapped;
}

#endif
