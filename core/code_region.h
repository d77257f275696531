/* Code and tables of programs, in one reserved part of the host's address space below 2 GiB.
 *
 *     reserved --code_region_create--> FILLING --fill--> SEALED (read-only) --verify--> VERIFIED
 *              --publish--> PUBLISHED (code executable)
 *
 * Pages go through these states in this order only, and there is no second mapping: what is executable has never been
 * writable since it was sealed, and what was verified after sealing is what runs.  Code that the verifier refuses
 * stays SEALED.  The bytes between code_size and the end of the last page are 0xcc.  Gates occupy the first pages of
 * the reserved part.
 *
 * A region is counted by reference: Python and every process that runs it hold one each.
 */
#ifndef MOTTE_CODE_REGION_H
#define MOTTE_CODE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "owned_claims.h"

enum code_region_state {
    REGION_FILLING,
    REGION_SEALED,
    REGION_VERIFYING,
    REGION_VERIFIED,
    REGION_PUBLISHED,
    REGION_FOREIGN, /* nobody has verified it: it is in no memory of the host's, and runs in cells alone */
};

struct code_region {
    /* Constant once created. */
    uintptr_t base, tables_base;
    size_t code_size, tables_size;     /* as asked for */
    size_t reserved_size;              /* whole pages of both */
    /* Under Python's GIL, but while VERIFYING, when they belong to the thread that verifies, which sets the state last.
     * Constant once VERIFIED. */
    _Atomic enum code_region_state state;
    struct owned_claims owned; /* what was claimed about the code, and is true since VERIFIED */
    uint32_t *entries; /* sorted code offsets of the functions that the host may enter */
    size_t entry_count;
    uint32_t *traps; /* sorted code offsets of the ud2 instructions behind class checks */
    size_t trap_count;
    struct frame_map frames;
    _Atomic uint32_t references;
    int file; /* for cells: code_region_file; -1: there is none. Under the allocator's lock */
    struct code_region *next; /* regions by address, under the allocator's lock */
};

/* Reserves [CODE_REGION_BASE, CODE_REGION_END) and makes the gates; once. False if the addresses are taken. */
bool code_regions_prepare(void);

/* NULL if no room of this size is left, or the host has no memory. tables_size may be 0. */
struct code_region *code_region_create(size_t code_size, size_t tables_size);

/* Code that is not to be verified: known by its size, and by where it lies in the address spaces of cells; a file holds it.
 * NULL without memory, or if the host refuses. */
struct code_region *code_region_create_foreign(uintptr_t base, const void *code, size_t code_size);

static inline bool code_region_is_foreign(const struct code_region *region)
{
    return region->state == REGION_FOREIGN;
}

/* Copies both in full and seals. False if the host refuses. Only while FILLING. */
bool code_region_fill(struct code_region *region, const void *code, const void *tables);

/* Takes a copy of what is claimed about functions, classes, tables and entries; everything else about the code is
 * known here. False without memory. Only while SEALED, which it then is no more: VERIFYING. */
bool code_region_claim(struct code_region *region, const struct motte_claims *claimed);

/* Verifies the bytes where they are; needs no lock. 0, and VERIFIED if the verdict (to be released) accepts, SEALED
 * otherwise; -ENOMEM, and SEALED. Only while VERIFYING. */
int code_region_verify(struct code_region *region, struct motte_verdict *verdict);

/* Makes the code executable. False if the host refuses. Only while VERIFIED. */
bool code_region_publish(struct code_region *region);

/* A sealed file with the bytes of the whole region, as they are: other OS processes execute them at the same addresses.  The
 * region's to close; -1 if the host refuses.  Only while PUBLISHED or FOREIGN. */
int code_region_file(struct code_region *region);

/* Bytes of the host's memory that a region takes: code and tables, and what is known about them. Once VERIFIED. */
uint64_t code_region_bytes(const struct code_region *region);

void code_region_retain(struct code_region *region);
void code_region_release(struct code_region *region);

/* True if `offset` is in the sorted list. */
bool offsets_contain(const uint32_t *offsets, size_t count, uint64_t offset);

static inline bool code_region_contains(const struct code_region *region, uintptr_t address)
{
    return address - region->base < region->code_size;
}

#endif
