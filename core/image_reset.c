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
    uintptr_t top = image_data_stack_end(image, slot), stack_low = slot_window(slot) + process->data_stack_mapped;
    struct page_tables tables = image_page_tables(image, slot);
    if (memcmp(&tables, &process->page_tables, sizeof tables) != 0)
        return slot_replace(slot, slot->base, slot_front_page(slot))
            && slot_replace(slot, top, slot->base + SLOT_SIZE)
            && (stack_low == top - STACK_FIRST || slot_replace(slot, stack_low, top - STACK_FIRST));
    uint32_t end = areas->items[areas->count - 1].end;
    return (process->native_stack_low == slot_front_page(slot)
            || slot_shut(slot, process->native_stack_low, slot_front_page(slot)))
        && (stack_low == top - STACK_FIRST || slot_shut(slot, stack_low, top - STACK_FIRST))
        && (end <= image->data_stack_top / MOTTE_PAGE_SIZE || slot_replace(slot, top, slot->base + SLOT_SIZE));
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

static bool restore_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = image_page(slot, part->start), middle = image_page(slot, part->file_end);
    uintptr_t high = image_page(slot, part->end);
    if (!part->writable)
        return true;
    if (image->writable_pages > COMPARED_PAGES)
        return slot_discard(slot, low, high);
    compare_pages(image, slot, part);
    return middle == high || slot_discard(slot, middle, high);
}

/* The image's pages are the image's, and as accessible as at the start. */
static bool is_in_order(const struct image *image, const struct process *process)
{
    const struct window *window = &process->window;
    if (window->image_replaced || window->areas.count <= image->part_count)
        return false;
    for (size_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->parts[i];
        const struct area *area = &window->areas.items[i];
        enum window_protection protection = part->writable ? WINDOW_READ_WRITE : WINDOW_READ;
        if (area->start != part->start || area->end != part->end || area->protection != protection)
            return false;
    }
    const struct area *stack = &window->areas.items[image->part_count];
    return stack->start == process->data_stack_mapped / MOTTE_PAGE_SIZE && stack->protection == WINDOW_READ_WRITE
        && stack->end >= image->data_stack_top / MOTTE_PAGE_SIZE;
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
    memset((void *)(image_data_stack_end(image, slot) - STACK_FIRST), 0, STACK_FIRST);
    return true;
}
