#define _GNU_SOURCE
#include "seen.h"

#include <sys/mman.h>

#include "arena.h"

enum { SLOTS_LOG2 = 26 }; /* several times as many as one run makes mutants */
#define SEEN_SIZE (sizeof(uint64_t) << SLOTS_LOG2)

static uint64_t *seen; /* open addressing; 0 is no hash */

void seen_prepare(void)
{
    seen = mmap(NULL, SEEN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (seen == MAP_FAILED)
        give_up("mmap");
}

void seen_hide(bool hidden)
{
    if (mprotect(seen, SEEN_SIZE, hidden ? PROT_NONE : PROT_READ | PROT_WRITE) != 0)
        give_up("mprotect");
}

static uint64_t hash_of(const uint8_t *code, uint32_t size)
{
    uint64_t hash = size;
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ code[i]) * UINT64_C(0x100000001b3) ^ hash >> 31;
    return hash ? hash : 1;
}

bool seen_is_new(const uint8_t *code, uint32_t size)
{
    uint64_t hash = hash_of(code, size), mask = (UINT64_C(1) << SLOTS_LOG2) - 1;
    uint64_t at = (hash * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SLOTS_LOG2);
    while (seen[at] && seen[at] != hash)
        at = (at + 1) & mask;
    bool fresh = !seen[at];
    seen[at] = hash;
    return fresh;
}
