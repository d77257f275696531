/* The beginning and the end of a personality, and the door through which its calls come. */
#define _GNU_SOURCE
#include "personality.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "grants.h"
#include "host_call.h"
#include "host_memory.h"
#include "scratch.h"
#include "state.h"
#include "streams.h"
#include "table.h"
#include "working_directory.h"

/* One descriptor for the streams that lead nowhere, of all processes: they need none of their own. */
static int nowhere(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int host = -1;
    pthread_mutex_lock(&lock);
    if (host < 0) {
        int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (opened >= 0) {
            host = host_duplicate(opened);
            close(opened);
        }
    }
    pthread_mutex_unlock(&lock);
    return host;
}

/* What stream `number` is connected to, as an open file; 0, or a negative errno. */
static int open_stream(int number, int stream, struct pipe *pipe, struct open_file *file)
{
    struct stat status = {.st_mode = 0};
    bool leads_nowhere = !pipe && stream == PERSONALITY_NOWHERE;
    if (!pipe && !leads_nowhere && fstat(stream, &status) != 0)
        return -errno;
    *file = (struct open_file){
        .host = pipe ? -1 : leads_nowhere ? nowhere() : host_duplicate(stream),
        .pipe = pipe ? (uint8_t)(number + 1) : 0,
        .everybodys = leads_nowhere,
        .kind = FILE_STREAM,
        .readable = number == 0,
        .writable = number != 0,
        .seekable = S_ISREG(status.st_mode),
    };
    return file->host < 0 && !pipe ? -errno : 0;
}

static int add_streams(struct personality *personality, const struct personality_options *options)
{
    for (int number = 0; number < 3; number++) {
        struct pipe *pipe = options->pipes[number];
        if (!pipe && options->streams[number] < 0 && options->streams[number] != PERSONALITY_NOWHERE)
            continue;
        int64_t descriptor = descriptor_reserve(personality, (uint32_t)number);
        if (descriptor < 0)
            return (int)descriptor;
        struct open_file file;
        int error = open_stream(number, options->streams[number], pipe, &file);
        if (error)
            return error;
        if (pipe)
            streams_attach(personality, number, pipe);
        descriptor_fill(personality, number, &file, false);
    }
    return 0;
}

int personality_create(struct process *process, const struct personality_options *options)
{
    if (options->open_files < 3 || options->open_files > MAXIMUM_OPEN_FILES)
        return -EINVAL;
    struct personality *personality = host_memory_allocate(process, sizeof *personality);
    if (!personality)
        return -ENOMEM;
    process->personality = personality;
    personality->process = process;
    personality->own_descriptors = -1;
    personality->descriptor_limit = options->open_files;
    personality->output_limit = options->output_limit;
    personality->initial_break = options->initial_break.value;
    personality->current_break = options->initial_break.value;
    personality->creation_mask = 022;
    personality->working_directory_exact = true;
    int error = grants_add(personality, options);
    if (!error)
        error = add_streams(personality, options);
    if (error)
        personality_destroy(process);
    return error;
}

void personality_destroy(struct process *process)
{
    struct personality *personality = process->personality;
    if (!personality)
        return;
    descriptors_release(personality);
    grants_release(personality);
    working_directory_forget(personality);
    host_memory_free(process, personality->signal_actions, SIGNAL_COUNT * sizeof *personality->signal_actions);
    host_memory_free(process, personality, sizeof *personality);
    process->personality = NULL;
}

int personality_output_stream(const struct process *process, int32_t descriptor, struct pipe **pipe)
{
    const struct personality *personality = process->personality;
    const struct open_file *file = personality ? descriptor_file(personality, descriptor) : NULL;
    *pipe = NULL;
    if (!file || file->everybodys || file->kind != FILE_STREAM || !file->writable)
        return PERSONALITY_NOWHERE;
    if (file->pipe) {
        *pipe = stream_pipe(personality, file);
        if (*pipe)
            pipe_retain(*pipe);
        return PERSONALITY_NOWHERE;
    }
    int duplicate = host_duplicate(file->host);
    return duplicate < 0 ? -errno : duplicate;
}

uint64_t personality_output_bytes(const struct process *process)
{
    const struct personality *personality = process->personality;
    return personality ? atomic_load_explicit(&personality->output_bytes, memory_order_relaxed) : 0;
}

int64_t motte_personality_call(struct process *process, int64_t number, const uint64_t arguments[6])
{
    if (!personality_scratch_prepare())
        return -ENOMEM;
    return table_handler(number)(process->personality, arguments);
}
