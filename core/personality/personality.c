/* The beginning and the end of a personality, and the door through which its calls come. */
#define _GNU_SOURCE
#include "personality.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "descriptors.h"
#include "state.h"
#include "table.h"

/* Above the standard streams, which belong to the host process's own habits. */
enum { LOWEST_HOST_DESCRIPTOR = 3 };

static int duplicate(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST_HOST_DESCRIPTOR);
}

static uint64_t pages_for(size_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

/* "/" and "/a/b" are normal; "", "a", "/a/", "//a", "/a/../b" are not. */
static bool is_normal(const char *path)
{
    if (strcmp(path, "/") == 0)
        return true;
    if (*path != '/' || strlen(path) >= PATH_CAPACITY)
        return false;
    while (*path == '/') {
        path++;
        size_t length = strcspn(path, "/");
        if (length == 0 || strncmp(path, ".", length) == 0 || (length == 2 && strncmp(path, "..", length) == 0))
            return false;
        path += length;
    }
    return true;
}

static int add_grant(struct personality *personality, const struct personality_directory *directory)
{
    struct stat status;
    if (!is_normal(directory->guest_path))
        return -EINVAL;
    if (fstat(directory->descriptor, &status) != 0)
        return -errno;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    struct grant *grant = &personality->grants[personality->grant_count];
    grant->guest_path = strdup(strcmp(directory->guest_path, "/") == 0 ? "" : directory->guest_path);
    if (!grant->guest_path)
        return -ENOMEM;
    grant->length = strlen(grant->guest_path);
    grant->writable = directory->writable;
    grant->directory = duplicate(directory->descriptor);
    personality->grant_count++;
    return grant->directory < 0 ? -errno : 0;
}

/* A grant inside another one hides nothing: what lies in the outer directory can also be reached around it, through a
 * link or `..`. So an inner grant may add rights, and never seem to take some away. */
static bool seems_to_take_away(const struct grant *inner, const struct grant *outer)
{
    bool inside = strncmp(inner->guest_path, outer->guest_path, outer->length) == 0 &&
                  (inner->guest_path[outer->length] == '/' || inner->guest_path[outer->length] == '\0');
    return inside && (inner->length == outer->length || (outer->writable && !inner->writable));
}

static int check_nesting(const struct personality *personality)
{
    for (size_t inner = 0; inner < personality->grant_count; inner++)
        for (size_t outer = 0; outer < personality->grant_count; outer++)
            if (inner != outer && seems_to_take_away(&personality->grants[inner], &personality->grants[outer]))
                return -EINVAL;
    return 0;
}

static int add_directories(struct personality *personality, const struct personality_options *options)
{
    if (options->directory_count > MAXIMUM_DIRECTORIES)
        return -EINVAL;
    for (size_t index = 0; index < options->directory_count; index++) {
        int error = add_grant(personality, &options->directories[index]);
        if (error)
            return error;
    }
    if (options->directory_count == 0)
        return 0;
    struct statfs filesystem;
    personality->own_descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (personality->own_descriptors < 0 || fstatfs(personality->own_descriptors, &filesystem) != 0)
        return -errno;
    return filesystem.f_type == PROC_SUPER_MAGIC ? check_nesting(personality) : -EOPNOTSUPP;
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
            .host = duplicate(streams[number]),
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
        error = add_directories(personality, options);
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
    for (size_t index = 0; index < personality->grant_count; index++) {
        free(personality->grants[index].guest_path);
        if (personality->grants[index].directory >= 0)
            close(personality->grants[index].directory);
    }
    if (personality->own_descriptors >= 0)
        close(personality->own_descriptors);
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
