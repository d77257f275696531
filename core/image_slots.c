/* Slots with an image in them: how they are made, and how they are made as new again.
 *
 * Problem: mapping an image, opening the stacks and touching all of it for the first time takes some ten system calls
 * and five page faults, and unmapping it as much again: 40 µs for a process that may run for one.
 *
 * Answer: a slot whose process has ended keeps its mappings and its pages and waits for the next process of the same
 * image.  Nothing of the predecessor may stay, so everything that it could have written to is put back, by the
 * cheapest means (image_reset.c).  An empty program comes and goes without a call that concerns memory.
 */
#include "image_slots.h"

#include <pthread.h>
#include <stdlib.h>

#include "host_mappings.h"
#include "process.h"

/* Both under waiting_lock. */
static pthread_mutex_t waiting_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t waiting_slots;

/* --- making ------------------------------------------------------------------------------------------------------ */

static bool map_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = image_page(slot, part->start), middle = image_page(slot, part->file_end);
    uintptr_t high = image_page(slot, part->end);
    uint64_t offset = (uint64_t)part->start * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
    if (part->copied) {
        if (!slot_open(slot, low, high, true))
            return false;
        image_copy(image, slot, part);
        return true;
    }
    return (low == middle || slot_map_file(slot, low, middle, part->writable, image->descriptor, offset))
        && (middle == high || slot_open(slot, middle, high, part->writable));
}

bool image_map(const struct image *image, struct slot *slot, image_map_part *map)
{
    bool mapped = slot_open_front(slot);
    for (size_t i = 0; mapped && i < image->part_count; i++)
        mapped = map(image, slot, &image->parts[i]);
    uintptr_t stack = slot_window(slot) + image->data_stack_first, end = image_data_stack_end(image, slot);
    return mapped && (stack == end || slot_open(slot, stack, end, true));
}

size_t image_areas(const struct image *image, struct area *areas)
{
    for (size_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->parts[i];
        areas[i] = (struct area){part->start, part->end, part->writable ? WINDOW_READ_WRITE : WINDOW_READ,
                                 part->writable};
    }
    uint32_t first = image->data_stack_first / MOTTE_PAGE_SIZE, end = image->data_stack_mapped / MOTTE_PAGE_SIZE;
    if (image_adjoins_data_stack(image))
        areas[image->part_count - 1].end = end;
    else
        areas[image->part_count] = (struct area){first, end, WINDOW_READ_WRITE, true};
    return image->part_count + !image_adjoins_data_stack(image);
}

struct page_tables image_page_tables(const struct image *image)
{
    struct page_tables tables = page_tables_of_slot(0);
    page_tables_add(&tables, SLOT_FRONT_PAGE, SLOT_WINDOW + MOTTE_NULL_GUARD_END);
    for (size_t i = 0; i < image->part_count; i++) {
        uint64_t start = image->parts[i].start, end = image->parts[i].end;
        page_tables_add(&tables, SLOT_WINDOW + start * MOTTE_PAGE_SIZE, SLOT_WINDOW + end * MOTTE_PAGE_SIZE);
    }
    if (image->data_stack_first < image->data_stack_mapped)
        page_tables_add(&tables, SLOT_WINDOW + image->data_stack_first, SLOT_WINDOW + image->data_stack_mapped);
    return tables;
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
    } else if (!image_map(image, slot, map_part)) {
        free_slot(image, slot);
        slot = NULL;
    }
    return slot;
}

void image_return_slot(struct image *image, struct slot *slot)
{
    if (slot->cell || !let_wait(image, slot))
        free_slot(image, slot);
}

void image_give_slot_back(struct image *image, struct process *process)
{
    if (!process->slot->cell && image_make_as_new(image, process))
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
