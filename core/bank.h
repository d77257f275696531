/* Space banks: accounts of pages, in trees.
 *
 * Everything that the host spends on a guest is drawn from a bank before it is spent: window pages, stacks, the context,
 * page tables.  What is drawn from a bank is drawn from all its superiors too; the one with the least room decides, and
 * a refusal names it.  A charge is all or nothing and exact, and may come from several threads at once.
 *
 *     B1  used = what was drawn from the bank itself + for each bank below it: what that one has used, and its own cost.
 *     B2  A bank costs BANK_COST pages, drawn from its parent; a root costs nothing, for there is nobody to pay.
 *     B3  Removing a bank gives the banks below it and all that was drawn from it to its parent.  Whoever still draws
 *         from it, or gives back, does so at the parent from then on.  Roots cannot be removed.
 *     B4  Destroying a bank ends it and all banks below: every later charge fails.  The cost of the banks comes
 *         back at once, and what was drawn comes back as its owners give it back.
 *     B5  A bank whose last reference goes is removed: nobody could give back to it.
 *
 * A bank is counted by reference: a Python object, each process that draws from it, and each bank below hold one.
 *
 * Locks: one per tree, held for a walk to the root, of at most BANK_DEPTH steps; nothing else is locked meanwhile.
 * Not for signal handlers.
 */
#ifndef MOTTE_BANK_H
#define MOTTE_BANK_H

#include <stdbool.h>
#include <stdint.h>

#define BANK_UNLIMITED UINT64_MAX

enum {
    BANK_DEPTH = 20, /* banks on a path, the root included */
    BANK_COST = 1,   /* pages */
};

struct bank;

/* A bank below `parent`, or a root if that is NULL.  `limit_pages` may be more than the superiors allow: it then limits
 * nothing.  0, or
 *   -ESTALE  the parent was removed or destroyed
 *   -ELOOP   it would be deeper than BANK_DEPTH
 *   -EDQUOT  a superior has no room for it, `refused` if that is not NULL, with a reference for the caller
 *   -ENOMEM  the host has no memory */
int bank_create(struct bank *parent, uint64_t limit_pages, struct bank **created, struct bank **refused);

void bank_retain(struct bank *bank);
void bank_release(struct bank *bank);

/* Draws pages.  False, and nothing drawn anywhere, if that would pass a limit or if the bank is destroyed.  `refused`
 * (which may be NULL) is then the bank with the least room, the nearest of several; or the destroyed one.  The caller
 * gets a reference to it. */
bool bank_charge(struct bank *bank, uint64_t pages, struct bank **refused);

/* The same, but refused if there would be less than `left` pages left. */
bool bank_charge_leaving(struct bank *bank, uint64_t pages, uint64_t left, struct bank **refused);

/* Gives back what was drawn; giving back more than that is a bug of ours and aborts. */
void bank_refund(struct bank *bank, uint64_t pages);

/* The same for host memory, by the byte.  Blocks of many processes share a page, so for all such bytes that are drawn
 * from it the bank draws as many pages as they fill together. */
bool bank_charge_bytes(struct bank *bank, uint64_t bytes, struct bank **refused);
void bank_refund_bytes(struct bank *bank, uint64_t bytes);

/* Takes effect on later charges; a limit below what is used takes nothing away. 0, or -ESTALE. */
int bank_set_limit(struct bank *bank, uint64_t limit_pages);

/* 0; -ESTALE; -EPERM for a root. */
int bank_remove(struct bank *bank);

/* 0, or -ESTALE. */
int bank_destroy(struct bank *bank);

struct bank_figures {
    uint64_t limit, used, peak;
    uint64_t effective_limit; /* the smallest of the bank's and its superiors' */
    uint64_t available; /* the least room of the bank and its superiors; BANK_UNLIMITED if none has a limit */
    uint64_t banks;     /* below it */
};

/* False, and nothing written, once the bank was removed or destroyed. */
bool bank_figures(struct bank *bank, struct bank_figures *figures);

enum bank_state { BANK_ALIVE, BANK_REMOVED, BANK_DESTROYED };
enum bank_state bank_state(struct bank *bank);

/* Whether what is drawn from `bank` is drawn from `superior` too; a bank that was not removed is its own superior. */
bool bank_draws_from(struct bank *bank, struct bank *superior);

/* The identity of the bank that bank_charge would name, were it to refuse for want of room. */
uint64_t bank_tightest(struct bank *bank);

/* The parent, with a reference for the caller; NULL for a root. */
struct bank *bank_parent(struct bank *bank);

/* A number that no other bank of this host process ever had, greater than 0. */
uint64_t bank_identity(const struct bank *bank);

/* Whether somebody is to be asked before a refusal by this bank is final. Any thread; a bank that is destroyed has no
 * keeper any more. */
bool bank_has_keeper(const struct bank *bank);
void bank_set_has_keeper(struct bank *bank, bool has_keeper);

/* Whether this bank, or one that it draws from, has a keeper. */
bool bank_is_kept(struct bank *bank);

#endif
