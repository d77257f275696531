#define _GNU_SOURCE
#include "code_region.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gates.h"
#include "motte_abi.h"
#include "panic.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10 /* Linux 6.3 */
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, TRAP_BYTE = 0xcc };

static pthread_mutex_t regions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct code_region *regions; /* by address, under regions_lock */

/* A forked child inherits the regions, and must be able to use them whatever another thread was doing. */
static void lock_regions(void)
{
    pthread_mutex_lock(&regions_lock);
}

static void unlock_regions(void)
{
    pthread_mutex_unlock(&regions_lock);
}

bool code_regions_prepare(void)
{
    void *start = (void *)MOTTE_CODE_REGION_BASE;
    size_t size = MOTTE_CODE_REGION_END - MOTTE_CODE_REGION_BASE;
    void *mapped = mmap(start, size, PROT_NONE, RESERVED | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped != start) {
        if (mapped != MAP_FAILED) /* a kernel that does not know the flag took the address as a hint */
            munmap(mapped, size);
        return false;
    }
    madvise(start, size, MADV_DONTDUMP);
    return gates_write() && pthread_atfork(lock_regions, unlock_regions, unlock_regions) == 0;
}

static size_t whole_pages(size_t size)
{
    return (size + MOTTE_PAGE_SIZE - 1) & ~(MOTTE_PAGE_SIZE - 1);
}

/* First fit. Under regions_lock. */
static bool place(struct code_region *region)
{
    uintptr_t start = MOTTE_GATE_BASE + MOTTE_GATE_REGION_SIZE;
    struct code_region **link = &regions;
    while (*link && (*link)->base - start < region->reserved_size) {
        start = (*link)->base + (*link)->reserved_size;
        link = &(*link)->next;
    }
    uintptr_t end = *link ? (*link)->base : MOTTE_CODE_REGION_END;
    if (end - start < region->reserved_size)
        return false;
    region->base = start;
    region->next = *link;
    *link = region;
    return true;
}

static void displace(struct code_region *region)
{
    struct code_region **link = &regions;
    while (*link != region)
        link = &(*link)->next;
    *link = region->next;
}

/* Back to what it was when reserved: inaccessible, and without a byte of this region. */
static void erase(uintptr_t base, size_t size)
{
    void *start = (void *)base;
    bool replaced = mmap(start, size, PROT_NONE, RESERVED | MAP_FIXED, -1, 0) == start;
    require(replaced, "code could not be unmapped");
    madvise(start, size, MADV_DONTDUMP);
}

struct code_region *code_region_create(size_t code_size, size_t tables_size)
{
    const size_t available = MOTTE_CODE_REGION_END - MOTTE_CODE_REGION_BASE;
    if (code_size == 0 || code_size > available || tables_size > available)
        return NULL;
    struct code_region *region = calloc(1, sizeof *region);
    if (!region)
        return NULL;
    region->code_size = code_size;
    region->tables_size = tables_size;
    region->reserved_size = whole_pages(code_size) + whole_pages(tables_size);
    region->file = -1;
    atomic_init(&region->references, 1);

    pthread_mutex_lock(&regions_lock);
    bool placed = place(region);
    pthread_mutex_unlock(&regions_lock);
    if (placed && mprotect((void *)region->base, region->reserved_size, PROT_READ | PROT_WRITE) == 0) {
        region->tables_base = region->base + whole_pages(code_size);
        return region;
    }
    if (placed)
        code_region_release(region);
    else
        free(region);
    return NULL;
}

/* --- for cells -------------------------------------------------------------------------------------------------------- */

/* Sealed; -1 if the host refuses. */
static int make_file(const char *bytes, size_t size, size_t whole)
{
    int file = memfd_create("motte-code", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (file < 0 && errno == EINVAL)
        file = memfd_create("motte-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -1;
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    size_t done = 0;
    ssize_t written = 0;
    while (done < size && (written = write(file, bytes + done, size - done)) > 0)
        done += (size_t)written;
    if (done == size && ftruncate(file, (off_t)whole) == 0 && fcntl(file, F_ADD_SEALS, seals) == 0)
        return file;
    close(file);
    return -1;
}

struct code_region *code_region_create_foreign(uintptr_t base, const void *code, size_t code_size)
{
    struct code_region *region = calloc(1, sizeof *region);
    if (!region)
        return NULL;
    region->base = base;
    region->code_size = code_size;
    region->reserved_size = whole_pages(code_size);
    region->tables_base = base + region->reserved_size;
    region->state = REGION_FOREIGN;
    atomic_init(&region->references, 1);
    region->file = make_file(code, code_size, region->reserved_size);
    if (region->file >= 0)
        return region;
    free(region);
    return NULL;
}

bool code_region_fill(struct code_region *region, const void *code, const void *tables)
{
    require(region->state == REGION_FILLING, "code was filled twice");
    memset((void *)region->base, TRAP_BYTE, whole_pages(region->code_size));
    memcpy((void *)region->base, code, region->code_size);
    memcpy((void *)region->tables_base, tables, region->tables_size);
    if (mprotect((void *)region->base, region->reserved_size, PROT_READ) != 0)
        return false;
    region->state = REGION_SEALED;
    return true;
}

bool code_region_claim(struct code_region *region, const struct motte_claims *claimed)
{
    require(region->state == REGION_SEALED, "claims came out of turn");
    struct owned_claims owned;
    if (!owned_claims_copy(&owned, claimed))
        return false;
    owned.claims.base = region->base;
    owned.claims.code = (const uint8_t *)region->base;
    owned.claims.code_size = region->code_size;
    owned.claims.tables_base = region->tables_base;
    owned.claims.tables = (const uint8_t *)region->tables_base;
    owned.claims.tables_size = region->tables_size;
    owned_claims_use_gates(&owned.claims);
    owned_claims_release(&region->owned);
    region->owned = owned;
    region->state = REGION_VERIFYING;
    return true;
}

static int compare_offsets(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Keeps what verification learned. False without memory. */
static bool keep(struct code_region *region, const struct motte_verdict *verdict)
{
    const struct motte_claims *claims = &region->owned.claims;
    uint32_t *entries = calloc(claims->entry_count + 1, sizeof *entries);
    uint32_t *traps = calloc(verdict->class_trap_count + 1, sizeof *traps);
    struct frame_map frames;
    bool mapped = frame_map_create(&frames, verdict->call_sites, verdict->call_site_count, region->code_size);
    if (!entries || !traps || !mapped) {
        free(entries);
        free(traps);
        if (mapped)
            frame_map_release(&frames);
        return false;
    }
    for (size_t i = 0; i < claims->entry_count; i++)
        entries[i] = claims->functions[claims->entries[i]].offset;
    qsort(entries, claims->entry_count, sizeof *entries, compare_offsets);
    memcpy(traps, verdict->class_traps, verdict->class_trap_count * sizeof *traps);
    region->entries = entries;
    region->entry_count = claims->entry_count;
    region->traps = traps;
    region->trap_count = verdict->class_trap_count;
    region->frames = frames;
    return true;
}

int code_region_verify(struct code_region *region, struct motte_verdict *verdict)
{
    require(region->state == REGION_VERIFYING, "code was verified out of turn");
    int failure = motte_verify(&region->owned.claims, verdict);
    if (!failure && verdict->rule == MOTTE_RULE_NONE && !keep(region, verdict)) {
        motte_verdict_release(verdict);
        failure = -ENOMEM;
    }
    region->state = !failure && verdict->rule == MOTTE_RULE_NONE ? REGION_VERIFIED : REGION_SEALED;
    return failure;
}

bool code_region_publish(struct code_region *region)
{
    require(region->state == REGION_VERIFIED, "code was published out of turn");
    if (mprotect((void *)region->base, whole_pages(region->code_size), PROT_READ | PROT_EXEC) != 0)
        return false;
    region->state = REGION_PUBLISHED;
    return true;
}

int code_region_file(struct code_region *region)
{
    require(region->state >= REGION_PUBLISHED, "code was asked for before it was verified");
    pthread_mutex_lock(&regions_lock);
    if (region->file < 0)
        region->file = make_file((const char *)region->base, region->reserved_size, region->reserved_size);
    pthread_mutex_unlock(&regions_lock);
    return region->file;
}

uint64_t code_region_bytes(const struct code_region *region)
{
    const struct motte_claims *claims = &region->owned.claims;
    return region->reserved_size + claims->function_count * sizeof *claims->functions
         + claims->class_count * sizeof *claims->classes + claims->jump_table_count * sizeof *claims->jump_tables
         + (claims->entry_count + region->entry_count) * sizeof *region->entries
         + region->trap_count * sizeof *region->traps + region->frames.site_count * sizeof *region->frames.sites
         + region->frames.block_count * sizeof *region->frames.first_in_block;
}

void code_region_retain(struct code_region *region)
{
    atomic_fetch_add(&region->references, 1);
}

void code_region_release(struct code_region *region)
{
    if (atomic_fetch_sub(&region->references, 1) != 1)
        return;
    if (!code_region_is_foreign(region)) {
        pthread_mutex_lock(&regions_lock);
        erase(region->base, region->reserved_size);
        displace(region);
        pthread_mutex_unlock(&regions_lock);
    }
    if (region->file >= 0)
        close(region->file);
    owned_claims_release(&region->owned);
    free(region->entries);
    free(region->traps);
    frame_map_release(&region->frames);
    free(region);
}

bool offsets_contain(const uint32_t *offsets, size_t count, uint64_t offset)
{
    uint32_t key = (uint32_t)offset;
    return offset <= UINT32_MAX && count && bsearch(&key, offsets, count, sizeof key, compare_offsets) != NULL;
}
