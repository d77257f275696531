#include "bank.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "panic.h"

struct bank {
    _Atomic uint64_t used, peak;
    _Atomic uint32_t references;
    uint64_t limit;
};

struct bank *bank_create(uint64_t limit_pages)
{
    struct bank *bank = calloc(1, sizeof *bank);
    if (!bank)
        return NULL;
    bank->limit = limit_pages;
    atomic_init(&bank->references, 1);
    return bank;
}

void bank_retain(struct bank *bank)
{
    atomic_fetch_add(&bank->references, 1);
}

void bank_release(struct bank *bank)
{
    if (atomic_fetch_sub(&bank->references, 1) == 1)
        free(bank);
}

bool bank_charge(struct bank *bank, uint64_t pages)
{
    uint64_t used = atomic_load(&bank->used);
    do {
        if (pages > bank->limit - used)
            return false;
    } while (!atomic_compare_exchange_weak(&bank->used, &used, used + pages));

    uint64_t peak = atomic_load(&bank->peak);
    while (peak < used + pages && !atomic_compare_exchange_weak(&bank->peak, &peak, used + pages)) {
    }
    return true;
}

void bank_refund(struct bank *bank, uint64_t pages)
{
    uint64_t before = atomic_fetch_sub(&bank->used, pages);
    require(before >= pages, "a bank was given back more pages than were drawn from it");
}

uint64_t bank_used(const struct bank *bank)
{
    return atomic_load(&bank->used);
}

uint64_t bank_peak(const struct bank *bank)
{
    return atomic_load(&bank->peak);
}

uint64_t bank_limit(const struct bank *bank)
{
    return bank->limit;
}
