#define _GNU_SOURCE
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bank.h"
#include "code_region.h"
#include "host.h"
#include "host_mappings.h"
#include "image_slots.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8 /* Linux 6.3 */
#endif

/* Zeroed data up to this size comes out of the file; more would make the file, and whatever looks at it, large. */
enum { FILE_ZEROES_LIMIT = 0x10000 / MOTTE_PAGE_SIZE };

/* Initialised data up to this size is copied to each process if the data stack follows it. */
enum { COPIED_LIMIT = 2 };

enum { FIRST_PAGE = MOTTE_INFORMATION_PAGE / MOTTE_PAGE_SIZE };

static off_t file_offset(uint64_t page)
{
    return (off_t)((page - FIRST_PAGE) * MOTTE_PAGE_SIZE);
}

/* --- parts ------------------------------------------------------------------------------------------------------- */

/* Appends a part, or extends the last one where the two are one mapping. */
static void add_part(struct image *image, struct image_part part)
{
    struct image_part *last = image->part_count ? &image->parts[image->part_count - 1] : NULL;
    if (last && last->end == part.start && last->file_end == last->end && last->writable == part.writable) {
        last->file_end = part.file_end;
        last->filled_end = part.filled_end;
        last->end = part.end;
    } else {
        image->parts[image->part_count++] = part;
    }
}

static void place_data_stack(struct image *image)
{
    const uint32_t page_size = (uint32_t)MOTTE_PAGE_SIZE;
    uint32_t data_end = image->parts[image->part_count - 1].end * page_size;
    uint32_t low = image->data_stack_low - image->data_stack_low % page_size;
    image->data_stack_first = data_end > low ? data_end : low;
    image->data_stack_mapped = (uint32_t)pages_for(image->data_stack_low + DATA_STACK_ROOM) * page_size;
    struct image_part *last = &image->parts[image->part_count - 1];
    last->copied = image_adjoins_data_stack(image) && last->filled_end - last->start <= COPIED_LIMIT;
}

static bool lay_out(struct image *image, const struct image_options *options)
{
    image->parts = calloc(options->segment_count + 1, sizeof *image->parts);
    image->part_count = 0;
    if (!image->parts)
        return false;
    add_part(image, (struct image_part){.start = FIRST_PAGE, .file_end = FIRST_PAGE + 1, .end = FIRST_PAGE + 1});
    for (size_t i = 0; i < options->segment_count; i++) {
        const struct segment *segment = &options->segments[i];
        uint32_t start = (uint32_t)(segment->address / MOTTE_PAGE_SIZE);
        uint32_t filled = start + (uint32_t)pages_for(segment->contents.size);
        uint32_t end = start + (uint32_t)pages_for(segment->memory_size);
        uint32_t file_end = end - filled <= FILE_ZEROES_LIMIT ? end : filled;
        add_part(image, (struct image_part){start, file_end, end, filled, .writable = segment->writable});
        image->writable_pages += segment->writable ? end - start : 0;
    }
    place_data_stack(image);
    return true;
}

/* Of a slot: its front, with a guard that is a mapping where the kernel knows no markers; the image and the gaps in it;
 * the data stack, with what is copied if anything is, or by itself when it has grown; the rest. */
static uint32_t count_mappings(const struct image *image)
{
    uint32_t count = host_features()->guard_markers ? 3 : 4, position = FIRST_PAGE;
    for (size_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->parts[i];
        count += part->start > position;
        if (!part->copied)
            count += (part->file_end > part->start) + (part->end > part->file_end);
        position = part->end;
    }
    return count + (image->data_stack_first / MOTTE_PAGE_SIZE > position);
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

/* What a process can know about itself without asking. */
struct information {
    uint64_t version;
    uint64_t page_size;
    uint64_t data_stack_low, data_stack_high;
    uint64_t heap_end;
};

static bool write_at(int descriptor, const void *bytes, size_t size, off_t offset)
{
    const char *next = bytes;
    while (size) {
        ssize_t written = pwrite(descriptor, next, size, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        next += written;
        offset += written;
        size -= (size_t)written;
    }
    return true;
}

static bool fill(const struct image *image, const struct image_options *options)
{
    const struct information information = {
        .version = 1,
        .page_size = MOTTE_PAGE_SIZE,
        .data_stack_low = image->data_stack_low,
        .data_stack_high = image->data_stack_top,
        .heap_end = MOTTE_HEAP_END,
    };
    bool written = ftruncate(image->descriptor, (off_t)image->size) == 0
                && write_at(image->descriptor, &information, sizeof information, 0);
    for (size_t i = 0; written && i < options->segment_count; i++) {
        const struct segment *segment = &options->segments[i];
        written = write_at(image->descriptor, segment->contents.bytes, segment->contents.size,
                           file_offset(segment->address / MOTTE_PAGE_SIZE));
    }
    return written;
}

static int create_file(void)
{
    int descriptor = memfd_create("motte-image", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (descriptor < 0 && errno == EINVAL)
        descriptor = memfd_create("motte-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return descriptor;
}

/* Sealed, the file is what it is for ever: nobody, not even this process, changes what processes share. */
static int make_file(struct image *image, const struct image_options *options)
{
    image->descriptor = create_file();
    if (image->descriptor < 0 || !fill(image, options)
        || fcntl(image->descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return -errno;
    void *contents = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, image->descriptor, 0);
    if (contents == MAP_FAILED)
        return -errno;
    image->contents = contents;
    return 0;
}

/* --- create and release ------------------------------------------------------------------------------------------ */

static bool pay(struct image *image, struct bank *bank)
{
    uint64_t pages = pages_for(image->size + code_region_bytes(image->region));
    if (!bank)
        return true;
    if (!bank_charge(bank, pages, NULL))
        return false;
    bank_retain(bank);
    image->bank = bank;
    image->charged_pages = pages;
    return true;
}

static int build(struct image *image, const struct image_options *options, const char **problem)
{
    *problem = "the host has no memory or mappings for a program's image";
    if (!lay_out(image, options))
        return -EAGAIN;
    for (size_t i = 0; i < image->part_count; i++)
        if (image->parts[i].file_end > image->parts[i].start)
            image->size = (size_t)file_offset(image->parts[i].file_end);
    image->mappings = count_mappings(image);
    image->page_tables = image_page_tables(image);
    *problem = "the memory limit does not cover the program's image and code";
    if (!pay(image, options->bank))
        return -ENOMEM;
    *problem = "a program's image could not be written";
    int result = make_file(image, options);
    return result == -ENOMEM ? -EAGAIN : result; /* -ENOMEM is the bank's */
}

int image_create(const struct image_options *options, struct image **created, const char **problem)
{
    *problem = image_options_check(options);
    if (*problem)
        return -EINVAL;
    *problem = "the host has no memory or mappings for a program's image";
    struct image *image = calloc(1, sizeof *image);
    if (!image)
        return -EAGAIN;
    if (!host_mappings_charge(1)) {
        free(image);
        return -EAGAIN;
    }
    atomic_init(&image->references, 1);
    image->descriptor = -1;
    image->region = options->region;
    code_region_retain(image->region);
    image->entry_address = image->region->base + options->entry;
    image->data_stack_low = (uint32_t)options->data_stack_low;
    image->data_stack_top = (uint32_t)(options->data_stack_low + options->data_stack_size);
    image->pointer_variable = (uint32_t)options->data_stack_pointer_variable;
    image->limit_variable = (uint32_t)options->data_stack_limit_variable;
    image->fork_generation = slot_fork_generation();
    int result = build(image, options, problem);
    if (result < 0)
        image_release(image);
    else
        *created = image;
    return result;
}

void image_retain(struct image *image)
{
    atomic_fetch_add(&image->references, 1);
}

void image_release(struct image *image)
{
    if (atomic_fetch_sub(&image->references, 1) != 1)
        return;
    image_trim(image);
    if (image->contents)
        munmap((void *)image->contents, image->size);
    if (image->descriptor >= 0)
        close(image->descriptor);
    host_mappings_refund(1);
    if (image->bank) {
        bank_refund(image->bank, image->charged_pages);
        bank_release(image->bank);
    }
    code_region_release(image->region);
    free(image->parts);
    free(image);
}
