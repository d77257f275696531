#include "bank_tree.h"

#include "panic.h"

struct bank *bank_superior(struct bank *bank)
{
    while (bank->parent && bank->parent->removed) {
        struct bank *removed = bank->parent;
        bank->parent = removed->parent; /* not NULL: roots stay (B3) */
        bank_retain(bank->parent);
        bank_release(removed); /* takes no lock, and goes no further: its parent has one reference more than before */
    }
    return bank->parent;
}

struct bank *bank_heir(struct bank *bank)
{
    return bank->removed ? bank_superior(bank) : bank;
}

enum bank_state bank_state_now(struct bank *bank)
{
    if (bank->removed)
        return BANK_REMOVED;
    for (; bank; bank = bank_superior(bank))
        if (bank->destroyed)
            return BANK_DESTROYED;
    return BANK_ALIVE;
}

uint32_t bank_depth(struct bank *bank)
{
    uint32_t depth = 0;
    for (; bank; bank = bank_superior(bank))
        depth++;
    return depth;
}

struct bank *bank_obstacle(struct bank *bank, uint64_t pages)
{
    struct bank *obstacle = NULL;
    uint64_t least = pages;
    for (; bank; bank = bank_superior(bank)) {
        if (bank->destroyed)
            return bank;
        if (bank_room(bank) < least) {
            least = bank_room(bank);
            obstacle = bank;
        }
    }
    return obstacle;
}

void bank_draw(struct bank *bank, uint64_t pages)
{
    for (; bank; bank = bank_superior(bank)) {
        bank->used += pages;
        if (bank->peak < bank->used)
            bank->peak = bank->used;
    }
}

void bank_give_back(struct bank *bank, uint64_t pages)
{
    for (; bank; bank = bank_superior(bank)) {
        require(bank->used >= pages, "a bank was given back more pages than were drawn from it");
        bank->used -= pages;
    }
}

void bank_add_banks(struct bank *bank, uint64_t count)
{
    bank_draw(bank, count * BANK_COST);
    for (; bank; bank = bank_superior(bank))
        bank->banks += count;
}

void bank_subtract_banks(struct bank *bank, uint64_t count)
{
    bank_give_back(bank, count * BANK_COST);
    for (; bank; bank = bank_superior(bank))
        bank->banks -= count;
}
