/* Slots with an image in them: how they are made, and how they are made as new again.
 *
 * Problem: mapping an image, opening the stacks and touching all of it for the first time takes some ten system calls
 * and five page faults, and unmapping it as much again: 40 µs for a process that may run for one.
 *
 * Answer: a slot whose process has ended keeps its mappings and its pages and waits for the next process of the same
 * image.  Nothing of the predecessor may stay, so everything that it could have written to is put back, by the
 * cheapest means: what is not mapped at the start is unmapped, and only if it was mapped; of the few pages that are,
 * each is compared with the image (which only reads those that were never written to) or cleared; where there are many,
 * the kernel drops them all.  An empty program comes and goes without a call that concerns memory.
 */
#include "image.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "host_mappings.h"
#include "process.h"
#include "slot.h"

/* An image with more writable pages than this is not compared but dropped. */
enum { COMPARED_PAGES = 16 };

/* Both under waiting_lock. */
static pthread_mutex_t waiting_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t waiting_slots;

static uintptr_t host_address(const struct slot *slot, uint64_t page)
{
    return slot_window(slot) + page * MOTTE_PAGE_SIZE;
}

static uintptr_t native_stack_start(const struct slot *slot)
{
    return slot_stack_top(slot) - STACK_FIRST;
}

static uintptr_t data_stack_end(const struct image *image, const struct slot *slot)
{
    return slot_window(slot) + image->data_stack_top;
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static bool map_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = host_address(slot, part->start), middle = host_address(slot, part->file_end);
    uintptr_t high = host_address(slot, part->end);
    uint64_t offset = (uint64_t)part->start * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
    return (low == middle || slot_map_file(slot, low, middle, part->writable, image->descriptor, offset))
        && (middle == high || slot_open(slot, middle, high, part->writable));
}

static bool map_image(const struct image *image, struct slot *slot)
{
    bool mapped = slot_open_front(slot, STACK_FIRST);
    for (size_t i = 0; mapped && i < image->part_count; i++)
        mapped = map_part(image, slot, &image->parts[i]);
    uintptr_t top = data_stack_end(image, slot);
    return mapped && slot_open(slot, top - STACK_FIRST, top, true);
}

size_t image_areas(const struct image *image, struct area *areas)
{
    for (size_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->parts[i];
        areas[i] = (struct area){part->start, part->end, part->writable ? WINDOW_READ_WRITE : WINDOW_READ,
                                 part->writable};
    }
    uint32_t top = image->data_stack_top / MOTTE_PAGE_SIZE;
    areas[image->part_count] = (struct area){top - STACK_FIRST / MOTTE_PAGE_SIZE, top, WINDOW_READ_WRITE, true};
    return image->part_count + 1;
}

struct page_tables image_page_tables(const struct image *image, const struct slot *slot)
{
    struct page_tables tables = page_tables_of_slot(slot->base);
    page_tables_add(&tables, SLOT_STACK_TOP - STACK_FIRST, SLOT_WINDOW + MOTTE_NULL_GUARD_END);
    for (size_t i = 0; i < image->part_count; i++) {
        uint64_t start = image->parts[i].start, end = image->parts[i].end;
        page_tables_add(&tables, SLOT_WINDOW + start * MOTTE_PAGE_SIZE, SLOT_WINDOW + end * MOTTE_PAGE_SIZE);
    }
    uint64_t top = SLOT_WINDOW + image->data_stack_top;
    page_tables_add(&tables, top - STACK_FIRST, top);
    return tables;
}

/* --- as new ------------------------------------------------------------------------------------------------------ */

/* Drops all that was mapped beyond what an image maps, with its page tables. */
static bool drop_rest(const struct image *image, const struct process *process)
{
    struct slot *slot = process->slot;
    const struct area_list *areas = &process->window.areas;
    uintptr_t top = data_stack_end(image, slot), stack_low = slot_window(slot) + process->data_stack_mapped;
    struct page_tables tables = image_page_tables(image, slot);
    if (memcmp(&tables, &process->page_tables, sizeof tables) != 0)
        return slot_replace(slot, slot->base, native_stack_start(slot))
            && slot_replace(slot, top, slot->base + SLOT_SIZE)
            && (stack_low == top - STACK_FIRST || slot_replace(slot, stack_low, top - STACK_FIRST));
    uint32_t end = areas->items[areas->count - 1].end;
    return (process->native_stack_low == native_stack_start(slot)
            || slot_shut(slot, process->native_stack_low, native_stack_start(slot)))
        && (stack_low == top - STACK_FIRST || slot_shut(slot, stack_low, top - STACK_FIRST))
        && (end <= image->data_stack_top / MOTTE_PAGE_SIZE || slot_replace(slot, top, slot->base + SLOT_SIZE));
}

/* Puts back what differs; a page that was never written to stays the file's. */
static void compare_pages(const struct image *image, const struct slot *slot, const struct image_part *part)
{
    for (uint64_t page = part->start; page < part->file_end; page++) {
        void *guest = (void *)host_address(slot, page);
        const unsigned char *initial = image->contents + page * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
        if (memcmp(guest, initial, MOTTE_PAGE_SIZE) != 0)
            memcpy(guest, initial, MOTTE_PAGE_SIZE);
    }
}

static bool restore_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = host_address(slot, part->start), middle = host_address(slot, part->file_end);
    uintptr_t high = host_address(slot, part->end);
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

static bool make_as_new(const struct image *image, const struct process *process)
{
    struct slot *slot = process->slot;
    if (!is_in_order(image, process) || !drop_rest(image, process))
        return false;
    for (size_t i = 0; i < image->part_count; i++)
        if (!restore_part(image, slot, &image->parts[i]))
            return false;
    memset((void *)native_stack_start(slot), 0, STACK_FIRST);
    memset((void *)slot_context(slot), 0, CONTEXT_SIZE);
    memset((void *)(data_stack_end(image, slot) - STACK_FIRST), 0, STACK_FIRST);
    return true;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

/* A child of fork has no slots; the list that it sees is its parent's. */
static void forget_slots_of_parent(struct image *image)
{
    if (image->fork_generation == slot_fork_generation())
        return;
    image->fork_generation = slot_fork_generation();
    image->waiting = NULL;
}

static struct slot *take_waiting(struct image *image)
{
    pthread_mutex_lock(&waiting_lock);
    forget_slots_of_parent(image);
    struct slot *slot = image->waiting;
    if (slot) {
        image->waiting = slot->next_free;
        slot->next_free = NULL;
        waiting_slots--;
    }
    pthread_mutex_unlock(&waiting_lock);
    return slot;
}

static bool let_wait(struct image *image, struct slot *slot)
{
    pthread_mutex_lock(&waiting_lock);
    forget_slots_of_parent(image);
    bool room = waiting_slots < WAITING_SLOTS_LIMIT;
    if (room) {
        slot->next_free = image->waiting;
        image->waiting = slot;
        waiting_slots++;
    }
    pthread_mutex_unlock(&waiting_lock);
    return room;
}

static void free_slot(const struct image *image, struct slot *slot)
{
    slot_release(slot);
    host_mappings_refund(image->mappings);
}

struct slot *image_take_slot(struct image *image)
{
    struct slot *slot = take_waiting(image);
    if (slot)
        return slot;
    if (!host_mappings_charge(image->mappings))
        return NULL;
    slot = slot_acquire();
    if (!slot) {
        host_mappings_refund(image->mappings);
    } else if (!map_image(image, slot)) {
        free_slot(image, slot);
        slot = NULL;
    }
    return slot;
}

void image_return_slot(struct image *image, struct slot *slot)
{
    if (!let_wait(image, slot))
        free_slot(image, slot);
}

void image_give_slot_back(struct image *image, struct process *process)
{
    if (make_as_new(image, process))
        image_return_slot(image, process->slot);
    else
        free_slot(image, process->slot);
}

void image_trim(struct image *image)
{
    struct slot *slot;
    while ((slot = take_waiting(image)))
        free_slot(image, slot);
}

/* --- fork -------------------------------------------------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&waiting_lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&waiting_lock);
}

static void after_fork_in_child(void)
{
    waiting_slots = 0;
    pthread_mutex_unlock(&waiting_lock);
}

bool images_prepare(void)
{
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}
