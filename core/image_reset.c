/* A slot whose process has ended, made as its image found it.
 *
 * What is not mapped at the start is unmapped, and only if it was mapped; of the pages that are, a few are compared
 * with the image (which only reads those that were never written to), or cleared; many are dropped by the kernel.
 */
#include <string.h>

#include "image_slots.h"
#include "process.h"

/* An image with more writable pages than this is not compared but dropped. */
enum { COMPARED_PAGES = 16 };

/* Drops all that was mapped beyond what an image maps, with its page tables. */
static bool drop_rest(const struct image *image, const struct process *process)
{
    struct slot *slot = process->slot;
    const struct area_list *areas = &process->window.areas;
    uintptr_t front = slot_front_page(slot), end = image_data_stack_end(image, slot);
    if (process->page_tables) /* there are more than the image's */
        return slot_replace(slot, slot->base, front) && slot_replace(slot, end, slot->base + SLOT_SIZE);
    if (process->native_stack_low != front && !slot_shut(slot, process->native_stack_low, front))
        return false;
    if (areas->items[areas->count - 1].end > process->data_stack_mapped / MOTTE_PAGE_SIZE)
        return slot_replace(slot, end, slot->base + SLOT_SIZE);
    uintptr_t mapped = slot_window(slot) + process->data_stack_mapped;
    return mapped == end || slot_shut(slot, end, mapped);
}

/* Puts back what differs; a page that was never written to stays the file's. */
static void compare_pages(const struct image *image, const struct slot *slot, const struct image_part *part)
{
    for (uint64_t page = part->start; page < part->file_end; page++) {
        void *guest = (void *)image_page(slot, page);
        const unsigned char *initial = image->contents + page * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
        if (memcmp(guest, initial, MOTTE_PAGE_SIZE) != 0)
            memcpy(guest, initial, MOTTE_PAGE_SIZE);
    }
}

void image_copy(const struct image *image, const struct slot *slot, const struct image_part *part)
{
    uintptr_t low = image_page(slot, part->start);
    const unsigned char *initial = image->contents + part->start * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
    memcpy((void *)low, initial, image_page(slot, part->filled_end) - low);
}

static bool restore_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = image_page(slot, part->start), middle = image_page(slot, part->file_end);
    uintptr_t high = image_page(slot, part->end);
    if (!part->writable)
        return true;
    if (image->writable_pages > COMPARED_PAGES) {
        bool discarded = slot_discard(slot, low, high);
        if (discarded && part->copied)
            image_copy(image, slot, part);
        return discarded;
    }
    compare_pages(image, slot, part);
    return middle == high || slot_discard(slot, middle, high);
}

static bool is_area(const struct area *area, uint32_t start, uint32_t end, enum window_protection protection)
{
    return area->start == start && area->end == end && area->protection == protection;
}

/* The image's pages are the image's, and as accessible as at the start; so is the data stack. */
static bool is_in_order(const struct image *image, const struct process *process)
{
    const struct window *window = &process->window;
    uint32_t stack_end = process->data_stack_mapped / MOTTE_PAGE_SIZE;
    if (window->image_replaced || window->areas.count < image->part_count + !image_adjoins_data_stack(image))
        return false;
    for (size_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->parts[i];
        bool with_stack = i + 1 == image->part_count && image_adjoins_data_stack(image);
        enum window_protection protection = part->writable ? WINDOW_READ_WRITE : WINDOW_READ;
        if (!is_area(&window->areas.items[i], part->start, with_stack ? stack_end : part->end, protection))
            return false;
    }
    return image_adjoins_data_stack(image)
        || is_area(&window->areas.items[image->part_count], image->data_stack_first / MOTTE_PAGE_SIZE, stack_end,
                   WINDOW_READ_WRITE);
}

bool image_make_as_new(const struct image *image, const struct process *process)
{
    struct slot *slot = process->slot;
    if (!is_in_order(image, process) || !drop_rest(image, process))
        return false;
    for (size_t i = 0; i < image->part_count; i++)
        if (!restore_part(image, slot, &image->parts[i]))
            return false;
    memset((void *)slot_front_page(slot), 0, MOTTE_PAGE_SIZE);
    uintptr_t stack = slot_window(slot) + image->data_stack_first;
    memset((void *)stack, 0, image_data_stack_end(image, slot) - stack);
    return true;
}
