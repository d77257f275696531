/* Capabilities: who may do what with which object.
 *
 * A process names what it holds by small numbers that mean something in its own table only; the table is in the core's
 * memory.  Nothing that a guest can write down is a capability: it is handed one, or has none.
 *
 *     C1  Rights only shrink: a copy can do what its original can, or less.
 *     C2  A capability is valid or not at the moment of its use; whoever made it invalid need not find it.  Objects die
 *         (with their bank), and count: a stamp says when a capability came to be, the object from which stamp on they
 *         are valid.
 *     C3  Of an endpoint it is known exactly how many valid capabilities can send and receive, those in messages
 *         included: when there are none any more, the other side is told.
 *     C4  A capability to answer a call is there once. It is moved and never copied; the first use makes it invalid.  Of a
 *         block that is not frozen there is one, too, which moves: whoever has it owns the block.
 *     C5  What is fetched through a weak capability is weak.
 *
 * All of it under the scheduler's lock, but for the tables, which belong to their processes' own workers.
 */
#ifndef MOTTE_CAPABILITY_H
#define MOTTE_CAPABILITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "motte_abi.h"

struct process;
struct scheduler;

enum object_type { OBJECT_ENDPOINT, OBJECT_CALLER, OBJECT_SERVICE, OBJECT_FORWARDER, OBJECT_BLOCK, OBJECT_SOURCE };

/* What all objects begin with. */
struct object {
    _Atomic uint32_t references;
    enum object_type type;
    bool dead;
    struct scheduler *scheduler;
    uint64_t clock, valid_from; /* C2 */
    uint64_t identity; /* of no other object, ever */
};

struct capability {
    struct object *object; /* NULL: none.  Each capability holds a reference */
    uint64_t stamp;
    uint32_t rights; /* enum motte_right */
    uint32_t badge;
    bool weak;
    uint32_t window_page; /* where the holder sees the pages of this block; 0: nowhere */
};

void object_begin(struct object *object, enum object_type type, struct scheduler *scheduler);
void object_retain(struct object *object);
void object_release(struct object *object); /* with or without the lock; what it held is dropped before */

/* The same under the lock, without a locked instruction: for objects whose references are counted nowhere else. */
static inline void object_retain_under_lock(struct object *object)
{
    uint32_t references = atomic_load_explicit(&object->references, memory_order_relaxed);
    atomic_store_explicit(&object->references, references + 1, memory_order_relaxed);
}

static inline void object_release_under_lock(struct object *object)
{
    uint32_t references = atomic_load_explicit(&object->references, memory_order_relaxed);
    if (references > 1)
        atomic_store_explicit(&object->references, references - 1, memory_order_relaxed);
    else
        object_release(object);
}

/* A capability to a new holder: it is counted. */
struct capability capability_make(struct object *object, uint32_t rights, uint32_t badge);

/* Whether it can be used now. */
bool capability_is_valid(const struct capability *capability);

/* Another one like it, with these rights at most, and weak if it is or is to be.  Of a valid one that may be copied.  With
 * a badge if `badge` is not 0. */
struct capability capability_copy(const struct capability *capability, uint32_t rights, uint32_t badge, bool weak);

/* Whether that may be done with it, under the lock: 0 or an error.  It makes room for a new badge. */
int64_t capability_may_copy(const struct capability *capability, uint32_t badge);

/* Whether it can leave its holder, though it may not be copied, under the lock: 0 or an error. */
int64_t capability_may_move(const struct capability *capability);

/* Out of its holder's hands; threads that wait through it wait no longer. */
struct capability capability_move(struct capability *capability);

/* Makes all other capabilities to its object invalid, or those with this badge if it is not 0; a forwarder is cut. 0, or an
 * error. */
int64_t capability_revoke(struct capability *capability, uint32_t badge);

/* It is gone; others may be told so (C3, C4). */
void capability_drop(struct capability *capability);

enum motte_capability capability_kind(const struct capability *capability);

/* --- a process's table: on its own worker, or while nobody runs it ------------------------------------------------------- */

struct capability_table {
    struct capability *entries; /* handle n is entries[n - 1] */
    uint32_t count;             /* of entries */
    uint32_t free;              /* of them */
    uint32_t lowest_free;       /* below this index none is free */
    uint32_t undropped;         /* of a process that has ended: the entries below are still to be dropped */
    struct capability_table *next_dropped; /* scheduler->dropped_tables */
};

/* So that the next `count` insertions succeed; false without memory, or beyond CAPABILITY_LIMIT. */
bool table_reserve(struct process *process, uint32_t count);

/* The handle, which is greater than 0. */
int32_t table_insert(struct process *process, struct capability capability);

/* NULL if the process holds nothing by this name. What it finds may be invalid. */
struct capability *table_find(const struct process *process, uint64_t claimed_handle);

/* Takes it out: the caller has it now. */
struct capability table_take(struct process *process, struct capability *entry);

/* What was taken out by this handle; nothing was inserted meanwhile. */
void table_put_back(struct process *process, int32_t handle, struct capability capability);

/* Its valid capabilities to receive from this endpoint; under the lock, while it does not run. */
uint32_t table_count_receivers(const struct process *process, const struct object *endpoint);

/* Nobody holds a lock that workers need for longer than it takes to drop so many capabilities: some ten microseconds. */
enum { DROPPED_AT_ONCE = 64 };

/* Under the lock: the process has ended.  A large table is left for ipc_settle(). */
void table_drop_all(struct process *process);

/* Under the lock: at most so many of them; whether there are none left. */
bool table_drop_some(struct capability_table *table, uint32_t most);

/* Without the lock, when all were dropped. */
void table_free(struct process *process);

#endif
