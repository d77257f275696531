#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_exists;

static void make_key(void)
{
    key_exists = pthread_key_create(&key, free) == 0;
}

bool personality_scratch_prepare(void)
{
    pthread_once(&key_once, make_key);
    if (!key_exists)
        return false;
    if (pthread_getspecific(key))
        return true;
    struct personality_scratch *scratch = malloc(sizeof *scratch);
    if (scratch && pthread_setspecific(key, scratch) == 0)
        return true;
    free(scratch);
    return false;
}

struct personality_scratch *personality_scratch(void)
{
    return pthread_getspecific(key);
}
