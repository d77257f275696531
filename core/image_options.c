#include "code_region.h"
#include "image.h"
#include "motte_abi.h"

static bool is_whole_pages(uint64_t value)
{
    return value % MOTTE_PAGE_SIZE == 0;
}

/* Segments lie in order between the information page and the data stack, which may begin in the last writable one's
 * last page. */
static const char *check_segments(const struct image_options *options)
{
    uint64_t free_from = MOTTE_INFORMATION_PAGE + MOTTE_PAGE_SIZE;
    uint64_t free_to = options->data_stack_low;
    for (size_t i = 0; i < options->segment_count; i++) {
        const struct segment *segment = &options->segments[i];
        if (!is_whole_pages(segment->address))
            return "a segment's address is not page-aligned";
        if (segment->address < free_from || segment->address > free_to)
            return "segments overlap, are out of order, or lie outside the image's part of the window";
        if (segment->memory_size == 0 || segment->memory_size > free_to - segment->address)
            return "a segment is empty, or reaches into the data stack";
        if (segment->contents.size > segment->memory_size)
            return "a segment has more bytes than memory";
        free_from = segment->address + pages_for(segment->memory_size) * MOTTE_PAGE_SIZE;
        if (free_from > free_to && !segment->writable)
            return "the data stack begins in a page of constants";
    }
    return NULL;
}

static bool is_variable(const struct image_options *options, uint64_t address)
{
    for (size_t i = 0; i < options->segment_count; i++) {
        const struct segment *segment = &options->segments[i];
        uint64_t size = pages_for(segment->memory_size) * MOTTE_PAGE_SIZE;
        if (segment->writable && address >= segment->address && address - segment->address <= size - sizeof(uint64_t))
            return true;
    }
    return address == 0;
}

static const char *check_entry(const struct code_region *region, uint64_t entry)
{
    if (code_region_is_foreign(region))
        return entry < region->code_size ? NULL : "the entry is outside of the code";
    if (region->state != REGION_PUBLISHED)
        return "the code region was not published";
    if (!offsets_contain(region->entries, region->entry_count, entry))
        return "the entry is not one of the functions that the host may enter";
    return NULL;
}

const char *image_options_check(const struct image_options *options)
{
    uint64_t low = options->data_stack_low, size = options->data_stack_size;
    const char *problem = check_entry(options->region, options->entry);
    if (problem)
        return problem;
    if (low % MOTTE_DATA_STACK_ALIGNMENT || low < MOTTE_IMAGE_BASE || low >= MOTTE_HEAP_END - MOTTE_DATA_STACK_GAP)
        return "the data stack's low end is not 16-byte-aligned, or not inside the window's lower half";
    if (size < DATA_STACK_MINIMUM || size > MOTTE_HEAP_END - MOTTE_DATA_STACK_GAP - low || !is_whole_pages(low + size))
        return "the data stack's size is out of range, or its high end is not page-aligned";
    problem = check_segments(options);
    if (!problem && (!is_variable(options, options->data_stack_pointer_variable)
                     || !is_variable(options, options->data_stack_limit_variable)))
        problem = "a data stack variable does not lie in a writable segment";
    return problem;
}
