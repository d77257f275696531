#include "cell_image.h"

#include "cell_memory.h"
#include "code_region.h"
#include "host_mappings.h"
#include "image_slots.h"

static bool share_constants(const struct image *image, struct slot *slot, const struct image_part *part)
{
    uintptr_t low = image_page(slot, part->start), middle = image_page(slot, part->file_end);
    uintptr_t high = image_page(slot, part->end);
    uint64_t offset = (uint64_t)part->start * MOTTE_PAGE_SIZE - MOTTE_INFORMATION_PAGE;
    bool shared = low == middle
               || (slot_map_file(slot, low, middle, false, image->descriptor, offset)
                   && cell_memory_share(slot->cell, low, middle, image->descriptor, offset, CELL_READ));
    return shared && (middle == high || slot_open(slot, middle, high, false));
}

static bool map_part(const struct image *image, struct slot *slot, const struct image_part *part)
{
    if (!part->writable)
        return share_constants(image, slot, part);
    if (!slot_open(slot, image_page(slot, part->start), image_page(slot, part->end), true))
        return false;
    image_copy(image, slot, part);
    return true;
}

static bool share_code(struct cell_memory *memory, struct code_region *region)
{
    int descriptor = code_region_file(region);
    uintptr_t code_end = region->tables_base, end = region->base + region->reserved_size;
    return descriptor >= 0
        && cell_memory_share(memory, region->base, code_end, descriptor, 0, CELL_EXECUTE)
        && (code_end == end
            || cell_memory_share(memory, code_end, end, descriptor, code_end - region->base, CELL_READ));
}

/* Verified code keeps return addresses outside of the window, as everywhere; native code's stack is in the window, for it has
 * addresses of what lies there. */
static uintptr_t stack_top(const struct image *image, const struct slot *slot)
{
    bool native = code_region_is_foreign(image->region);
    return native ? slot_window(slot) + image->data_stack_top : slot_front_page(slot);
}

struct slot *image_take_cell_slot(struct image *image, const char **problem)
{
    if (!host_mappings_charge(image->mappings))
        return NULL;
    struct slot *slot = slot_acquire();
    if (!slot) {
        host_mappings_refund(image->mappings);
        return NULL;
    }
    slot->cell = cell_memory_create(slot, code_region_is_foreign(image->region) ? CELL_NATIVE : CELL_CONFINED);
    slot->stack_top = stack_top(image, slot);
    if (slot->cell && image_map(image, slot, map_part) && share_code(slot->cell, image->region)
        && cell_memory_begin(slot->cell, problem))
        return slot;
    slot_release(slot);
    host_mappings_refund(image->mappings);
    return NULL;
}
