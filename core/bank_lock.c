#include "bank_lock.h"

#include "panic.h"

enum { LOCKS = 16, CACHE_LINE = 64 };

static struct {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
} locks[LOCKS];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    for (unsigned i = 0; i < LOCKS; i++)
        pthread_mutex_lock(&locks[i].lock);
}

static void after_fork(void)
{
    for (unsigned i = 0; i < LOCKS; i++)
        pthread_mutex_unlock(&locks[i].lock);
}

static void prepare(void)
{
    for (unsigned i = 0; i < LOCKS; i++)
        pthread_mutex_init(&locks[i].lock, NULL);
    require(pthread_atfork(before_fork, after_fork, after_fork) == 0, "no memory to prepare banks for a fork");
}

pthread_mutex_t *bank_lock_for(uint64_t root_identity)
{
    pthread_once(&once, prepare);
    return &locks[root_identity % LOCKS].lock;
}
