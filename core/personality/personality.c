/* The beginning and the end of a personality, and the door through which its calls come. */
#define _GNU_SOURCE
#include "personality.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "grants.h"
#include "host_call.h"
#include "state.h"
#include "table.h"

static uint64_t pages_for(size_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

static int add_streams(struct personality *personality, const int streams[3])
{
    for (int number = 0; number < 3; number++) {
        struct stat status;
        if (streams[number] < 0)
            continue;
        if (fstat(streams[number], &status) != 0)
            return -errno;
        struct open_file file = {
            .host = host_duplicate(streams[number]),
            .kind = FILE_STREAM,
            .readable = number == 0,
            .writable = number != 0,
            .seekable = S_ISREG(status.st_mode),
        };
        if (file.host < 0)
            return -errno;
        descriptor_fill(personality, number, &file, false);
    }
    return 0;
}

/* Everything that the personality will ever need, charged before it is allocated. */
static struct personality *allocate(struct process *process, uint32_t descriptor_limit)
{
    size_t entry = sizeof(struct descriptor) + sizeof(struct open_file) + sizeof(struct lock_owner);
    uint64_t pages = pages_for(sizeof(struct personality) + descriptor_limit * entry);
    if (!process_charge(process, pages))
        return NULL;
    struct personality *personality = calloc(1, sizeof *personality);
    if (!personality) {
        process_refund(process, pages);
        return NULL;
    }
    personality->process = process;
    personality->charged_pages = pages;
    personality->own_descriptors = -1;
    personality->descriptor_limit = descriptor_limit;
    personality->descriptors = calloc(descriptor_limit, sizeof *personality->descriptors);
    personality->open_files = calloc(descriptor_limit, sizeof *personality->open_files);
    personality->lock_owners = calloc(descriptor_limit, sizeof *personality->lock_owners);
    process->personality = personality;
    return personality;
}

int personality_create(struct process *process, const struct personality_options *options)
{
    if (options->open_files < 3 || options->open_files > MAXIMUM_OPEN_FILES)
        return -EINVAL;
    struct personality *personality = allocate(process, options->open_files);
    if (!personality)
        return -ENOMEM;
    personality->output_limit = options->output_limit;
    personality->initial_break = options->initial_break.value;
    personality->current_break = options->initial_break.value;
    personality->creation_mask = 022;
    personality->working_directory_exact = true;
    int error = -ENOMEM;
    if (personality->descriptors && personality->open_files && personality->lock_owners)
        error = grants_add(personality, options);
    if (!error)
        error = add_streams(personality, options->streams);
    if (error)
        personality_destroy(process);
    return error;
}

void personality_destroy(struct process *process)
{
    struct personality *personality = process->personality;
    if (!personality)
        return;
    if (personality->descriptors && personality->open_files && personality->lock_owners)
        for (uint32_t number = 0; number < personality->descriptor_limit; number++)
            if (personality->descriptors[number].file)
                descriptor_release(personality, (int32_t)number);
    grants_release(personality);
    uint64_t pages = personality->charged_pages;
    free(personality->descriptors);
    free(personality->open_files);
    free(personality->lock_owners);
    free(personality);
    process->personality = NULL;
    process_refund(process, pages);
}

uint64_t personality_output_bytes(const struct process *process)
{
    const struct personality *personality = process->personality;
    return personality ? atomic_load_explicit(&personality->output_bytes, memory_order_relaxed) : 0;
}

int64_t motte_personality_call(struct process *process, int64_t number, const uint64_t arguments[6])
{
    return table_handler(number)(process->personality, arguments);
}
