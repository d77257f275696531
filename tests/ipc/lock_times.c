/*
 * Preloaded into a process: how long the core holds its locks.  Only the outermost lock of each thread counts, which in the core
 * is the scheduler's or one that is taken alone; in processor time of its holder, so that others' work on the host is not part
 * of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

static uintptr_t first, past; /* of the core's code: other locks are not looked at */
static _Atomic uint64_t longest_ns, holds;
static int (*really_lock)(pthread_mutex_t *), (*really_unlock)(pthread_mutex_t *);
static _Thread_local unsigned depth;
static _Thread_local uint64_t since_ns;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
    really_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    really_unlock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_unlock");
}

void lock_times_of(uintptr_t start, uintptr_t end)
{
    first = start;
    past = end;
}

void lock_times_begin(void)
{
    longest_ns = holds = 0;
}

uint64_t lock_times_longest_ns(void)
{
    return longest_ns;
}

uint64_t lock_times_holds(void)
{
    return holds;
}

static int is_of_the_core(void *caller)
{
    return (uintptr_t)caller >= first && (uintptr_t)caller < past;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int result = really_lock(mutex);
    if (result == 0 && is_of_the_core(__builtin_return_address(0)) && depth++ == 0)
        since_ns = now_ns();
    return result;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    if (is_of_the_core(__builtin_return_address(0)) && depth && --depth == 0) {
        uint64_t held_ns = now_ns() - since_ns, before = longest_ns;
        holds++;
        while (held_ns > before && !atomic_compare_exchange_weak(&longest_ns, &before, held_ns)) {
        }
    }
    return really_unlock(mutex);
}
