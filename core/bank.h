/* Space bank: an account of pages.
 *
 * Everything that the host spends on a guest is drawn from a bank before it is spent: window
 * pages, stacks, the context, page tables.  A charge is all or nothing and never waits; it may come
 * from several processes at once.  A bank is counted by reference: a Python object and each
 * process that draws from it hold one each.
 */
#ifndef MOTTE_BANK_H
#define MOTTE_BANK_H

#include <stdbool.h>
#include <stdint.h>

#define BANK_UNLIMITED UINT64_MAX

struct bank;

/* NULL if the host has no memory. `limit_pages` may be BANK_UNLIMITED. */
struct bank *bank_create(uint64_t limit_pages);
void bank_retain(struct bank *bank);
void bank_release(struct bank *bank);

/* False, and nothing charged, if `pages` more would pass the limit. */
bool bank_charge(struct bank *bank, uint64_t pages);

/* Gives back what was charged; giving back more than that is a bug of ours and aborts. */
void bank_refund(struct bank *bank, uint64_t pages);

uint64_t bank_used(const struct bank *bank);
uint64_t bank_peak(const struct bank *bank);
uint64_t bank_limit(const struct bank *bank);

#endif
