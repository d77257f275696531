/* Blocks: whole pages with exactly one owner.
 *
 * The owner is whoever holds the one capability to the block: a process, a message on its way, or the host.  It moves, and is
 * never copied.  Only the owner can have the pages mapped: a process takes them out of its window before it gives the
 * block away.  A frozen block cannot be written to any more; capabilities to it are copied like others.
 *
 * Who pays.  Pages in the hands of a process are charged to it like pages of its window.  On its way the block is still
 * paid for by the bank of the process that sent it, and in the hands of the host by the bank that is named there: `bank`.
 * The charge moves when the block is received.  For a frozen one the bank of who froze it pays, until it is gone; whoever
 * has it in its window pays for these pages again, and so keeps what it sees.
 *
 * Checked blocks do not move: their owner opens them (reaches.h), one at a time, and has it open until he closes it, opens
 * another, or gives it away.  Those who have a frozen one open are counted as views are, and pay for it again.
 *
 * The end.  A block dies with its owner, and with the bank that pays for it.  Its pages are given back without any lock, by
 * whoever comes by (blocks_bury); until then they stay charged.
 */
#ifndef MOTTE_BLOCK_H
#define MOTTE_BLOCK_H

#include "ipc/capability.h"
#include "pages.h"

struct bank;
struct process;

struct block {
    struct object object;
    struct pages pages; /* without a home, when they have been given back */
    struct bank *bank;  /* with a reference; NULL: the process that owns it pays */
    uint32_t views;     /* of the host's, onto its bytes: it cannot move meanwhile; of processes, if frozen and checked */
    bool open;          /* by the process that owns it: not frozen */
    struct block *next, **link; /* scheduler->blocks: those with a bank */
    struct block *next_dead;
};

/* The pages of a block with so many bytes; 0 if there is no such block. */
uint32_t block_pages(uint64_t claimed_size, bool checked);

/* What a block of so many pages costs: these, their page tables, and what the host keeps of it. */
static inline uint64_t block_price(uint32_t pages, bool checked)
{
    return pages + pages_tables(pages, checked) + 1;
}

static inline bool block_is_checked(const struct block *block)
{
    return block->pages.reach != 0;
}

static inline uint64_t block_cost(const struct block *block)
{
    return block_price(block->pages.count, block_is_checked(block));
}

static inline struct block *block_of(const struct capability *capability)
{
    return capability->object && capability->object->type == OBJECT_BLOCK ? (struct block *)capability->object : NULL;
}

/* --- without the lock, which they take ------------------------------------------------------------------------------------ */

/* A block of zeros; `bank` has been charged for it, or the process that is to own it (NULL).  False if the host refuses. */
bool block_create(struct scheduler *scheduler, struct bank *bank, uint32_t pages, bool checked, struct capability *owned);

/* The owner of a block that is at home, alive, and not frozen keeps `count` pages, and gets a second block of the rest. The
 * same who pays for this one has been charged block_split_cost more.  False if the host refuses. */
bool block_split(struct capability *owned, uint32_t count, struct capability *rest);

static inline uint64_t block_split_cost(const struct block *block, uint32_t count)
{
    bool checked = block_is_checked(block);
    return block_price(count, checked) + block_price(block->pages.count - count, checked) - block_cost(block);
}

/* Likewise: nobody can write to it any more; if a process owns it, that process's bank pays from now on.  False if the
 * host refuses. */
bool block_freeze(struct capability *owned, struct process *owner);

/* --- under the lock ------------------------------------------------------------------------------------------------------- */

/* Another bank pays, which has been charged for it; or a process (NULL).  What is given back, and to whom, the caller
 * decides: the bank that has paid, with the reference to it. */
struct bank *block_change_bank(struct block *block, struct bank *bank);

/* A process gives it away: as long as nobody has received it, its bank pays. */
void block_leave_process(struct block *block, struct process *process);

/* The last capability is gone. */
void block_die(struct block *block);

/* One view more; false if the block is dead.  And one less. */
bool block_view(struct block *block);
void block_unview(struct block *block);

/* Ends all blocks that this bank pays for, which is being destroyed; all that any pays for: NULL. */
void blocks_rescind(struct scheduler *scheduler, struct bank *bank);

/* --- without any lock ------------------------------------------------------------------------------------------------------ */

extern struct block *_Atomic blocks_dead;
void blocks_bury_dead(void);

/* Gives back what dead blocks took. */
static inline void blocks_bury(void)
{
    if (atomic_load_explicit(&blocks_dead, memory_order_relaxed))
        blocks_bury_dead();
}

#endif
