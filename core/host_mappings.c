#include "host_mappings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static const uint64_t usual_limit = 65530;

/* Mappings that guests never get, all together: libraries, threads and heaps of the host. */
enum { LEFT_TO_HOST = 4096 };

static _Atomic uint64_t charged;
static uint64_t limit;
static pthread_once_t limit_once = PTHREAD_ONCE_INIT;

static void read_limit(void)
{
    unsigned long long value = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    limit = usual_limit;
    if (!file)
        return;
    /* NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion): the kernel wrote it, so it fits */
    if (fscanf(file, "%llu", &value) == 1)
        limit = value;
    (void)fclose(file);
}

uint64_t host_mappings_limit(void)
{
    pthread_once(&limit_once, read_limit);
    return limit;
}

bool host_mappings_charge(uint32_t count)
{
    uint64_t all = host_mappings_limit(), usable = all > LEFT_TO_HOST ? all - LEFT_TO_HOST : 0;
    uint64_t before = atomic_load(&charged);
    do {
        if (before > usable || count > usable - before)
            return false;
    } while (!atomic_compare_exchange_weak(&charged, &before, before + count));
    return true;
}

void host_mappings_refund(uint32_t count)
{
    atomic_fetch_sub(&charged, count);
}
