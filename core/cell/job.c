/* A cell's job: from an empty process to one that can do nothing any more. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "messages.h"
#include "program.h"
#include "system.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17 */
#endif

/* The first two files of a job. */
enum { FILE_CONTROL, FILE_STORE, FILES_BEFORE };

_Static_assert(FILES_BEFORE + CELL_FILES <= MESSAGE_DESCRIPTORS, "a job's files fit a message");

struct cell_self cell_self;

static long map(uint64_t address, uint64_t size, int protection, int flags, int file, uint64_t offset)
{
    long result = system_call(SYS_mmap, address, size, protection, flags | MAP_FIXED_NOREPLACE, file, offset);
    return result < 0 ? result : (uint64_t)result == address ? 0 : -EEXIST; /* before Linux 4.17 it was a wish */
}

static long map_one(const struct cell_mapping *mapping, const int *files, size_t count)
{
    static const int protections[] = {
        [CELL_READ] = PROT_READ, [CELL_READ_WRITE] = PROT_READ | PROT_WRITE, [CELL_EXECUTE] = PROT_READ | PROT_EXEC};
    bool of_store = mapping->file == CELL_FILE_IS_STORE;
    if (mapping->protection > CELL_EXECUTE || (!of_store && mapping->file >= count - FILES_BEFORE))
        return -EINVAL;
    int file = of_store ? files[FILE_STORE] : files[FILES_BEFORE + mapping->file];
    int flags = of_store ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE;
    return map(mapping->address, mapping->size, protections[mapping->protection], flags, file, mapping->offset);
}

static void map_all(const struct cell_job *job, const int *files, size_t count)
{
    if (job->mapping_count > CELL_MAPPINGS)
        job_fail(CELL_STEP_JOB, -E2BIG);
    for (uint32_t i = 0; i < job->mapping_count; i++) {
        long error = map_one(&job->mappings[i], files, count);
        if (error < 0)
            job_fail(CELL_STEP_MAPPING, error);
    }
}

static void require_step(enum cell_step step, long result)
{
    if (result < 0)
        job_fail(step, result);
}

_Noreturn void job_fail(enum cell_step step, long error)
{
    cell_control()->step = step;
    cell_control()->error = (uint32_t)-error;
    cell_control()->event = CELL_FAILED;
    turn_end();
    system_exit(CELL_EXIT_FAILED);
}

/* Where other files have been, the store comes to lie: so it does so last. */
static void keep_store(const int *files)
{
    if (files[FILE_STORE] != CELL_STORE)
        require_step(CELL_STEP_LIMITS, system_call(SYS_dup3, files[FILE_STORE], CELL_STORE, 0));
    require_step(CELL_STEP_LIMITS, system_call(SYS_close_range, 0, CELL_SOCKET - 1, 0));
    require_step(CELL_STEP_LIMITS, system_call(SYS_close_range, CELL_STORE + 1, ~0U, 0));
}

_Noreturn void job_begin(void)
{
    static struct cell_job job;
    int files[MESSAGE_DESCRIPTORS];
    size_t count = FILES_BEFORE + CELL_FILES, size = message_receive(CELL_SOCKET, &job, sizeof job, files, &count);
    if (size == 0 || count < FILES_BEFORE)
        system_exit(CELL_EXIT_ORPHAN);
    if (map(CELL_CONTROL_BASE, CELL_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, files[FILE_CONTROL], 0) < 0)
        system_exit(CELL_EXIT_FAILED);
    if (size != sizeof job || job.kind > CELL_NATIVE)
        job_fail(CELL_STEP_JOB, -EINVAL);
    cell_self = (struct cell_self){.window = job.kind == CELL_CONFINED ? job.window : 0, .gates = job.gates};
    map_all(&job, files, count);
    require_step(CELL_STEP_GATES, gates_map(job.gates));
    keep_store(files);
    require_step(CELL_STEP_SIGNALS, signals_take());
    require_step(CELL_STEP_LIMITS, privileges_limit(job.denies_clock));
    require_step(CELL_STEP_FILTER, filter_install(&job));
    turn_give(CELL_READY);
}
