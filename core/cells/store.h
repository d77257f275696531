/* The memory of a process in a cell: a file that both the host and the cell map.
 *
 * The problem.  Guest code in a cell may map the file however it likes: all that keeps it from memory that nobody has
 * paid for is that the file has no more.  A file with holes, as large as a window, would give away 4 GiB.
 *
 * The answer.  The file is as long as there are pages in use, to the page: what is opened is added at its end, and what is
 * dropped is filled with pages from its end before the file is cut.  A cell that does not follow (it is told to map the moved
 * pages anew) harms itself alone.
 *
 * The store knows which pages of a slot lie where in the file, as runs: sorted by the slot's pages, disjoint.  Each is a
 * mapping of the host's, which is counted (host_mappings.h).  Pages that are denied keep their bytes and their run.
 *
 * Only the thread that runs the process, or makes it, or takes it apart, may change a store.
 */
#ifndef MOTTE_STORE_H
#define MOTTE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_access { STORE_DENIED, STORE_READ, STORE_READ_WRITE };

struct store_run {
    uint32_t first, end; /* pages of the slot */
    uint32_t at;         /* page of the file */
    enum store_access access;
};

/* Tells whoever has mapped the file, too, of each change: of what is mapped from the file's page `at`; or, with `run` NULL, of
 * pages that are no more. */
struct store_follower;
typedef void store_follow(struct store_follower *follower, uint32_t first, uint32_t end, const struct store_run *run);

struct store {
    int descriptor;
    uint32_t pages; /* of the file */
    uintptr_t base; /* of the slot */
    struct store_run *runs;
    size_t count, capacity;
    store_follow *follow;
    struct store_follower *follower;
};

/* An empty one.  False if the host refuses. */
bool store_create(struct store *store, uintptr_t slot_base, store_follow *follow, struct store_follower *follower);

/* What it has mapped in the slot stays so until the slot is released. */
void store_destroy(struct store *store);

/* [first, end) is in use, with this access: new pages read as zeros.  False, and nothing changed, if the host refuses. */
bool store_open(struct store *store, uint32_t first, uint32_t end, enum store_access access);

/* What is there of [first, end) is inaccessible; its bytes stay.  False if the host refuses. */
bool store_deny(struct store *store, uint32_t first, uint32_t end);

/* What is there of [first, end) reads as zeros. */
bool store_clear(struct store *store, uint32_t first, uint32_t end);

/* Nothing of [first, end) is in use any more.  False if the host refuses: then the file may be longer than it should, and the
 * process must not go on. */
bool store_drop(struct store *store, uint32_t first, uint32_t end);

#endif
