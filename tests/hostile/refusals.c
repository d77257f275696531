/* A host that refuses, and that interrupts whenever it can: linked into the hostile build of the core, in front of what the
 * core asks its host for (core_builds.py names the functions), and of every kernel call.
 *
 * Nothing is refused until a test says so, through the exported functions, which ctypes finds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "process.h"

#define EXPORTED __attribute__((visibility("default")))

static _Atomic uint64_t requests, refusals;
static _Atomic uint64_t first_refused = UINT64_MAX, refused_period; /* counted in requests; 0: only the first */
static _Atomic uint64_t seed;                                       /* 0: not at random */
static _Atomic uint32_t classes;
static _Atomic bool interrupts;

enum { MEMORY = 1, MAPPINGS = 2, THREADS = 4 };

/* --- for tests ------------------------------------------------------------------------------------------------------- */

void hostile_refuse(uint64_t first, uint64_t period, uint32_t of_classes) EXPORTED;
void hostile_refuse_at_random(uint64_t one_in, uint64_t with_seed, uint32_t of_classes) EXPORTED;
void hostile_interrupt(bool always) EXPORTED;
uint64_t hostile_requests(void) EXPORTED;
uint64_t hostile_refusals(void) EXPORTED;

/* The first-th request from now on, from 1, and every period-th after it; 0 refuses nothing. Both counts begin again. */
void hostile_refuse(uint64_t first, uint64_t period, uint32_t of_classes)
{
    atomic_store(&first_refused, UINT64_MAX);
    atomic_store(&seed, 0);
    atomic_store(&requests, 0);
    atomic_store(&refusals, 0);
    atomic_store(&refused_period, period);
    atomic_store(&classes, of_classes);
    atomic_store(&first_refused, first ? first : UINT64_MAX);
}

/* One in so many, as the seed (not 0) says; the same sequence of requests is refused the same. */
void hostile_refuse_at_random(uint64_t one_in, uint64_t with_seed, uint32_t of_classes)
{
    hostile_refuse(0, one_in, of_classes);
    atomic_store(&seed, with_seed);
}

/* Every kernel call ends with a request for attention: a turn is over at each gate. */
void hostile_interrupt(bool always)
{
    atomic_store(&interrupts, always);
}

/* For tests that know nothing of this file. */
__attribute__((constructor)) static void look_at_environment(void)
{
    hostile_interrupt(getenv("MOTTE_INTERRUPT_AT_EVERY_GATE") != NULL);
}

uint64_t hostile_requests(void)
{
    return atomic_load(&requests);
}

uint64_t hostile_refusals(void)
{
    return atomic_load(&refusals);
}

/* --- the host --------------------------------------------------------------------------------------------------------- */

static bool draws(uint64_t number)
{
    uint64_t drawn = (number + atomic_load(&seed)) * UINT64_C(0x9e3779b97f4a7c15);
    drawn = (drawn ^ drawn >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (drawn ^ drawn >> 32) % atomic_load(&refused_period) == 0;
}

static bool refused(uint32_t class)
{
    if (!(atomic_load(&classes) & class))
        return false;
    uint64_t number = atomic_fetch_add(&requests, 1) + 1, first = atomic_load(&first_refused);
    uint64_t period = atomic_load(&refused_period);
    bool now = atomic_load(&seed) ? draws(number)
                                  : number == first || (period && number > first && (number - first) % period == 0);
    if (now)
        atomic_fetch_add(&refusals, 1);
    return now;
}

#define WRAP(result, name, class, parameters, arguments, refusal) \
    result __real_##name parameters;                              \
    result __wrap_##name parameters;                              \
    result __wrap_##name parameters                               \
    {                                                             \
        if (!refused(class))                                      \
            return __real_##name arguments;                       \
        return refusal;                                           \
    }

WRAP(void *, malloc, MEMORY, (size_t size), (size), (errno = ENOMEM, NULL))
WRAP(void *, calloc, MEMORY, (size_t count, size_t size), (count, size), (errno = ENOMEM, NULL))
WRAP(void *, realloc, MEMORY, (void *block, size_t size), (block, size), (errno = ENOMEM, NULL))
WRAP(void *, mmap, MAPPINGS, (void *start, size_t size, int protection, int flags, int file, off_t offset),
     (start, size, protection, flags, file, offset), (errno = ENOMEM, MAP_FAILED))
WRAP(int, mprotect, MAPPINGS, (void *start, size_t size, int protection), (start, size, protection),
     (errno = ENOMEM, -1))
WRAP(int, madvise, MAPPINGS, (void *start, size_t size, int advice), (start, size, advice), (errno = ENOMEM, -1))
/* Its last parameter is one of a variable number. */
void *__real_mremap(void *start, size_t old_size, size_t size, int flags, void *to);
void *__wrap_mremap(void *start, size_t old_size, size_t size, int flags, void *to);
void *__wrap_mremap(void *start, size_t old_size, size_t size, int flags, void *to)
{
    if (!refused(MAPPINGS))
        return __real_mremap(start, old_size, size, flags, to);
    errno = ENOMEM;
    return MAP_FAILED;
}
WRAP(int, memfd_create, MAPPINGS, (const char *name, unsigned flags), (name, flags), (errno = EMFILE, -1))
WRAP(int, pthread_create, THREADS,
     (pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument),
     (thread, attributes, function, argument), EAGAIN)
WRAP(int, timer_create, THREADS, (clockid_t clock, struct sigevent *event, timer_t *timer), (clock, event, timer),
     (errno = EAGAIN, -1))

/* --- at every gate ----------------------------------------------------------------------------------------------------- */

int64_t __real_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);
int64_t __wrap_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);

int64_t __wrap_motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6])
{
    int64_t result = __real_motte_kernel_call(process, number, arguments);
    if (atomic_load(&interrupts))
        process_set_attention(process, true);
    return result;
}
