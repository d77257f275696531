/* mmap.
 *
 * Memory is the guest's own, always: a file is mapped by copying it, so nothing that happens to the file later is
 * seen, and there is no shared memory to race on.  That leaves out one thing, writable shared mappings of files:
 * ENODEV.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "memory.h"
#include "nodes.h"
#include "scratch.h"

#define KNOWN_MAP_FLAGS                                                                                                \
    (MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_POPULATE |           \
     MAP_LOCKED | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_32BIT)

struct map_request {
    struct page_range range; /* with MAP_FIXED; else only its pages count */
    enum window_protection protection;
    int32_t flags;
    uint64_t size;
    struct open_file *file; /* NULL: anonymous */
    int64_t file_offset;
};

static int64_t decode_file(const struct personality *personality, const uint64_t arguments[6],
                           struct map_request *request)
{
    struct open_file *file = descriptor_file(personality, argument_int(arguments[4]));
    int64_t offset = (int64_t)arguments[5];
    if (!file)
        return -EBADF;
    if (file->kind == FILE_DIRECTORY || !file->seekable)
        return -ENODEV;
    if (!file->readable)
        return -EACCES;
    if (offset % (int64_t)MOTTE_PAGE_SIZE || offset < 0 || offset > INT64_MAX - (int64_t)request->size)
        return -EINVAL;
    if ((request->flags & MAP_TYPE) == MAP_SHARED && request->protection == WINDOW_READ_WRITE)
        return -ENODEV;
    request->file = file;
    request->file_offset = offset;
    return 0;
}

/* arguments: address, size, protection, flags, descriptor, offset */
static int64_t decode_map(const struct personality *personality, const uint64_t arguments[6],
                          struct map_request *request)
{
    int32_t flags = argument_int(arguments[3]), type = flags & MAP_TYPE;
    *request = (struct map_request){.flags = flags, .size = arguments[1]};
    if ((flags & ~KNOWN_MAP_FLAGS) || (type != MAP_PRIVATE && type != MAP_SHARED) || request->size == 0)
        return -EINVAL;
    if (request->size > MOTTE_MAP_END - MOTTE_MAP_BASE)
        return -ENOMEM;
    request->range.pages = page_up(request->size) / MOTTE_PAGE_SIZE;
    int64_t error = decode_protection(argument_int(arguments[2]), &request->protection);
    if (!error && flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        error = decode_range(personality, arguments[0], arguments[1], &request->range);
    if (!error && !(flags & MAP_ANONYMOUS))
        error = decode_file(personality, arguments, request);
    return error;
}

/* Fresh zero pages in place of whatever the range held. Where it was mapped throughout, its pages are used again, so
 * that this cannot fail for want of memory that the guest already had. Elsewhere a failure leaves the range free. */
static int64_t replace(struct personality *personality, struct page_range range, enum window_protection protection)
{
    struct process *process = personality->process;
    if (window_is_mapped(process, range.start, range.pages)) {
        int error = window_protect(process, range.start, range.pages, protection);
        return error ? error : window_discard(process, range.start, range.pages);
    }
    int error = window_unmap(process, range.start, range.pages);
    return error ? error : window_map(process, range.start, range.pages, protection);
}

/* Between the break and HEAP_END nothing is placed: it would stand in the break's way. */
static bool is_beyond_break(const struct personality *personality, struct page_range range)
{
    uint64_t end = range.start.value + range.pages * MOTTE_PAGE_SIZE;
    return range.start.value < MOTTE_HEAP_END && end > page_up(personality->current_break);
}

/* Zero pages where the request wants them; fills in `request->range.start`. */
static int64_t place_pages(struct personality *personality, struct map_request *request,
                           enum window_protection protection)
{
    struct page_range *range = &request->range;
    if (request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (is_beyond_break(personality, *range))
            return -ENOMEM;
        if (!(request->flags & MAP_FIXED_NOREPLACE))
            return replace(personality, *range, protection);
    } else {
        int error = window_find_free(personality->process, (guest_addr){MOTTE_MAP_BASE}, (guest_addr){MOTTE_MAP_END},
                                     range->pages, &range->start);
        if (error)
            return error;
    }
    return window_map(personality->process, range->start, range->pages, protection);
}

static int64_t read_file(struct personality *personality, const struct open_file *file, uint64_t size, int64_t position)
{
    unsigned char *bounce = personality_scratch()->bounce;
    if (file->node)
        return tree_read(file->node, position, bounce, size);
    return HOST_CALL(personality, SYS_pread64, file->host, (long)bounce, (long)size, position);
}

/* Bytes past the file's end stay zero. */
static int64_t fill_from_file(struct personality *personality, const struct map_request *request)
{
    for (uint64_t done = 0; done < request->size;) {
        uint64_t piece = request->size - done < BOUNCE_CAPACITY ? request->size - done : BOUNCE_CAPACITY;
        int64_t length = read_file(personality, request->file, piece, request->file_offset + (int64_t)done);
        if (length <= 0)
            return length;
        guest_addr to = {request->range.start.value + (uint32_t)done};
        if (!copy_out(personality->process, to, personality_scratch()->bounce, (size_t)length))
            return -EFAULT;
        done += (uint64_t)length;
    }
    return 0;
}

int64_t call_mmap(struct personality *personality, const uint64_t arguments[6])
{
    struct map_request request;
    int64_t error = decode_map(personality, arguments, &request);
    if (error)
        return error;
    error = place_pages(personality, &request, request.file ? WINDOW_READ_WRITE : request.protection);
    if (error)
        return error;
    if (request.file) {
        error = fill_from_file(personality, &request);
        if (!error)
            error = window_protect(personality->process, request.range.start, request.range.pages,
                                   request.protection);
        if (error) {
            window_unmap(personality->process, request.range.start, request.range.pages);
            return error;
        }
    }
    return request.range.start.value;
}
