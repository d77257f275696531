/* What slot.h does for a slot whose process runs in a cell: the same in both.
 *
 * Everything that the process may touch comes from its store, or is a file that nobody can change; the host's mappings of it
 * are in the slot, as always, so that the host copies to and from the guest as it does for everybody.  The cell follows: each
 * change is noted as a command, and the cell carries the commands out before the guest runs on.
 *
 * What is the host's alone in a slot (the page of the context) is no cell's: the native stack begins one page lower.
 *
 * A cell's address for a byte of a slot is the same as the host's for verified code, and the window address for native code.
 */
#ifndef MOTTE_CELL_MEMORY_H
#define MOTTE_CELL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/protocol.h"
#include "motte_abi.h"
#include "slot.h"
#include "store.h"

struct cell;

/* Pages of a slot that are a file's still, and not in the store. */
struct shared_pages {
    uint32_t first, end;
};

enum { CELL_SHARED = 2 * CELL_MAPPINGS };

struct cell_memory {
    struct store store;
    struct cell *cell; /* NULL before it has begun */
    uint64_t displacement; /* of the host's addresses from the cell's */
    struct cell_job job;   /* until it begins */
    int files[CELL_FILES]; /* of the job; not ours to close */
    size_t file_count;
    struct shared_pages shared[CELL_SHARED];
    size_t shared_count;
    struct cell_command *commands; /* to be given with the next turn */
    size_t command_count, command_capacity;
    uint64_t seen_cpu_ns; /* of the cell's processor time: what has been looked at */
    bool ready;  /* it has done its job */
    bool broken; /* something could not be noted, or the store is longer than it should be: the process cannot go on */
};

/* For a slot that is clean.  NULL if the host refuses. */
struct cell_memory *cell_memory_create(struct slot *slot, enum cell_kind kind);

/* Ends the cell, too. */
void cell_memory_destroy(struct cell_memory *memory);

/* A file that nobody can change, from `offset` on, where the host's address is `low`; only before the cell begins. False if
 * there are too many. */
bool cell_memory_share(struct cell_memory *memory, uintptr_t low, uintptr_t high, int descriptor, uint64_t offset,
                       enum cell_protection protection);

/* What the functions of slot.h of these names promise.  A file's pages that are opened again become the process's own. */
bool cell_memory_open(struct cell_memory *memory, uintptr_t low, uintptr_t high, bool writable);
bool cell_memory_deny(struct cell_memory *memory, uintptr_t low, uintptr_t high);
bool cell_memory_discard(struct cell_memory *memory, uintptr_t low, uintptr_t high);
bool cell_memory_replace(struct cell_memory *memory, uintptr_t low, uintptr_t high);

/* Takes the bytes of the host's pages at `from` into [low, high), and puts them back to `to`.  They are copied: a cell need not
 * let go of what it has mapped, so nothing that others will have may ever have been there. */
bool cell_memory_take_in(struct cell_memory *memory, uintptr_t low, uintptr_t high, void *from, bool writable);
bool cell_memory_hand_out(struct cell_memory *memory, uintptr_t low, uintptr_t high, void *to);

/* Where the process finds what is a gate for others (gates.h). */
static inline uint64_t gate_at(const struct slot *slot, uint64_t gate)
{
    return slot->cell ? gate - MOTTE_GATE_BASE + slot->cell->job.gates : gate;
}

/* Takes a cell and gives it its job. False, and *problem says why. */
bool cell_memory_begin(struct cell_memory *memory, const char **problem);

#endif
