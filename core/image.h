/* The initial window of a program, made once and shared by all its processes.
 *
 * Problem: a window that is built page by page costs its size at every start, and every process has a copy of its own
 * of what never changes.
 *
 * Answer: everything that a process finds in the image's part of its window (information page, constants, initialised
 * data, small zeroed data) is written once into a sealed memory file, and mapped privately: constants are shared, and
 * of the writable pages a process copies those that it writes to.  Starting takes the same time whatever the size.
 *
 *     window:  | information, constants | data     zeroes | data stack, mapped | unmapped | gap | heap
 *     file:    | offset 0 …             | …             | '- large ones are anonymous memory
 *
 * A page of the file is at the offset of its window address from the information page.
 *
 * The data stack grows upwards, and begins wherever the data ends, in the middle of its last page as a rule: a small
 * process that waits has one page for both, and one mapping, too, however much the stack grows.
 *
 * Who pays: the file's pages, the program's code and tables, and what the core knows about them are drawn once from the
 * bank that the image is made with (the machine's).  A process pays for every page of its own that it may write to, since
 * it may come to copy all of them, and for none that it can only read.
 *
 * Slots of processes that have ended go back to how the image found them, and wait here for the next process
 * (image_slots.h).
 *
 * An image is counted by reference: Python and every process of it hold one each.  It is constant once made, but for
 * the list of waiting slots.
 */
#ifndef MOTTE_IMAGE_H
#define MOTTE_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "areas.h"
#include "motte_abi.h"
#include "page_tables.h"

struct bank;
struct code_region;
struct process;
struct slot;

struct byte_string {
    const char *bytes;
    size_t size;
};

struct segment {
    uint64_t address; /* in the window, page-aligned */
    struct byte_string contents;
    uint64_t memory_size; /* at least contents.size; the rest is zero */
    bool writable;
};

struct image_options {
    struct code_region *region; /* published */
    uint64_t entry;             /* code offset */
    const struct segment *segments;
    size_t segment_count;
    uint64_t data_stack_low, data_stack_size;
    uint64_t data_stack_pointer_variable, data_stack_limit_variable; /* window addresses, or 0 */
    struct bank *bank;                                               /* NULL: nobody pays */
};

/* Pages [start, end) of the window.  Those up to file_end are the file's; the rest are anonymous zeroes.  All of a part
 * that is `copied` is anonymous, one mapping with the data stack behind it, and its first pages, up to filled_end, are
 * copied out of the file: each process writes to some of them anyway. */
struct image_part {
    uint32_t start, file_end, end, filled_end;
    bool writable, copied;
};

struct image {
    _Atomic uint32_t references;
    struct code_region *region;
    struct bank *bank;
    uint64_t charged_pages; /* from that bank */
    uintptr_t entry_address;

    /* Window addresses: [low, top) at its largest; the pages [first, mapped) are its own from the start, on top of what
     * is left of the data's last page. */
    uint32_t data_stack_low, data_stack_top, data_stack_first, data_stack_mapped;
    uint32_t pointer_variable, limit_variable; /* of the guest, for its data stack: window addresses, or 0 */

    int descriptor;
    const unsigned char *contents; /* the file, for reading */
    size_t size;
    size_t part_count;
    struct image_part *parts;
    uint64_t writable_pages; /* of all parts: each process's own */
    uint32_t mappings;       /* of the host that a slot with this image takes */
    struct page_tables page_tables; /* the same, for a slot at the beginning of a gibibyte */

    struct slot *waiting; /* image_slots.h */
    uint32_t fork_generation;
};

/* Whether the data stack and the last part are one area. */
static inline bool image_adjoins_data_stack(const struct image *image)
{
    const struct image_part *last = &image->parts[image->part_count - 1];
    return last->writable && last->end == image->data_stack_first / MOTTE_PAGE_SIZE;
}

static inline uint64_t pages_for(uint64_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

/* DATA_STACK_ROOM is mapped from the start, or more. */
enum { DATA_STACK_MINIMUM = 0x10000, DATA_STACK_ROOM = 1024 };

/* NULL, or what is wrong. Everything that images and processes rely on is checked here, before anything changes. */
const char *image_options_check(const struct image_options *options);

/* 0 and an image; or a negative errno, nothing left behind, and in *problem what was wrong: -EINVAL, -ENOMEM (the bank
 * does not cover it), others of the host. */
int image_create(const struct image_options *options, struct image **created, const char **problem);

void image_retain(struct image *image);
void image_release(struct image *image);

#endif
