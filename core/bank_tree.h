/* A tree of banks that is walked upwards only.  For bank.c alone; everything here is under the tree's lock.
 *
 * The problem: destroying or removing a bank concerns everything below it, which may be ten thousand banks and processes,
 * while others charge.  Lists of children, visited one by one, would hold the lock as long as that takes.
 *
 * The answer: nothing points downwards.  A bank is destroyed if one on its path to the root is.  A removed bank is
 * stepped over, and whoever steps over it makes its own way shorter (bank_superior), so that a walk is short however
 * many were removed.  `banks` counts the banks below, so that what they cost comes back in one step.
 */
#ifndef MOTTE_BANK_TREE_H
#define MOTTE_BANK_TREE_H

#include <pthread.h>
#include <stdatomic.h>

#include "bank.h"

struct bank {
    /* Constant. */
    pthread_mutex_t *lock; /* the tree's */
    uint64_t identity;

    /* Any thread. */
    _Atomic uint32_t references;
    _Atomic bool has_keeper;

    /* Under lock. */
    struct bank *parent; /* NULL for a root; with a reference */
    uint64_t limit, used, peak;
    uint64_t bytes; /* of host memory: `used` has the pages for them */
    uint64_t banks; /* below it, without those that a destroyed one among them took along */
    bool removed, destroyed;
};

/* The next bank that was not removed; NULL above a root. */
struct bank *bank_superior(struct bank *bank);

/* Who stands for the bank: itself, or who inherited from it. */
struct bank *bank_heir(struct bank *bank);

enum bank_state bank_state_now(struct bank *bank);

/* Banks on the path from the root to this one. */
uint32_t bank_depth(struct bank *bank);

/* Pages that the bank's own limit still allows. */
static inline uint64_t bank_room(const struct bank *bank)
{
    return bank->limit > bank->used ? bank->limit - bank->used : 0;
}

/* Who on the path does not allow `pages` more (bank_charge says which of several); NULL if all do. */
struct bank *bank_obstacle(struct bank *bank, uint64_t pages);

/* On the whole path, unconditionally. */
void bank_draw(struct bank *bank, uint64_t pages);
void bank_give_back(struct bank *bank, uint64_t pages);

/* The path has `count` banks more, or fewer, below it, and pays for them. */
void bank_add_banks(struct bank *bank, uint64_t count);
void bank_subtract_banks(struct bank *bank, uint64_t count);

#endif
