#include "bank.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bank_lock.h"
#include "bank_tree.h"
#include "panic.h"

enum { PAGE_SIZE = 4096 };

static _Atomic uint64_t last_identity;

/* Notes a refusal for the caller, if that is interested. */
static void tell(struct bank *obstacle, struct bank **refused)
{
    if (!refused)
        return;
    bank_retain(obstacle);
    *refused = obstacle;
}

/* --- lives ------------------------------------------------------------------------------------------------------- */

static int join(struct bank *bank, struct bank *parent, struct bank **refused)
{
    if (bank_state_now(parent) != BANK_ALIVE)
        return -ESTALE;
    if (bank_depth(parent) >= BANK_DEPTH)
        return -ELOOP;
    struct bank *obstacle = bank_obstacle(parent, BANK_COST);
    if (obstacle) {
        tell(obstacle, refused);
        return -EDQUOT;
    }

    bank_add_banks(parent, 1);
    bank_retain(parent);
    bank->parent = parent;
    return 0;
}

int bank_create(struct bank *parent, uint64_t limit_pages, struct bank **created, struct bank **refused)
{
    struct bank *bank = calloc(1, sizeof *bank);
    if (!bank)
        return -ENOMEM;
    bank->identity = atomic_fetch_add(&last_identity, 1) + 1;
    bank->lock = parent ? parent->lock : bank_lock_for(bank->identity);
    bank->limit = limit_pages;
    atomic_init(&bank->references, 1);
    int result = 0;
    if (parent) {
        pthread_mutex_lock(bank->lock);
        result = join(bank, parent, refused);
        pthread_mutex_unlock(bank->lock);
    }
    if (result < 0)
        free(bank);
    else
        *created = bank;
    return result;
}

void bank_retain(struct bank *bank)
{
    atomic_fetch_add(&bank->references, 1);
}

/* B5. The banks of a path may all go at once, each with the one below it. */
void bank_release(struct bank *bank)
{
    while (bank && atomic_fetch_sub(&bank->references, 1) == 1) {
        if (bank->parent && !bank->removed)
            (void)bank_remove(bank);
        struct bank *parent = bank->parent;
        free(bank);
        bank = parent;
    }
}

static uint64_t pages_of(uint64_t bytes)
{
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

/* What both have drawn may fill a page less together. */
static void leave_bytes(struct bank *bank, struct bank *parent)
{
    uint64_t bytes = bank->bytes + parent->bytes;
    bank_give_back(parent, pages_of(bank->bytes) + pages_of(parent->bytes) - pages_of(bytes));
    parent->bytes = bytes;
    bank->bytes = 0;
}

int bank_remove(struct bank *bank)
{
    pthread_mutex_lock(bank->lock);
    int result = bank_state_now(bank) != BANK_ALIVE ? -ESTALE : !bank->parent ? -EPERM : 0;
    if (result == 0) {
        bank_subtract_banks(bank_superior(bank), 1);
        leave_bytes(bank, bank_superior(bank));
        bank->removed = true;
        atomic_store(&bank->has_keeper, false);
    }
    pthread_mutex_unlock(bank->lock);
    return result;
}

int bank_destroy(struct bank *bank)
{
    pthread_mutex_lock(bank->lock);
    int result = bank_state_now(bank) != BANK_ALIVE ? -ESTALE : 0;
    if (result == 0) {
        struct bank *superior = bank_superior(bank);
        if (superior)
            bank_subtract_banks(superior, 1 + bank->banks);
        bank->destroyed = true;
        atomic_store(&bank->has_keeper, false);
    }
    pthread_mutex_unlock(bank->lock);
    return result;
}

/* --- use --------------------------------------------------------------------------------------------------------- */

bool bank_charge(struct bank *bank, uint64_t pages, struct bank **refused)
{
    return bank_charge_leaving(bank, pages, 0, refused);
}

bool bank_charge_leaving(struct bank *bank, uint64_t pages, uint64_t left, struct bank **refused)
{
    pthread_mutex_lock(bank->lock);
    struct bank *drawn = bank_heir(bank), *obstacle = bank_obstacle(drawn, pages + left);
    if (obstacle)
        tell(obstacle, refused);
    else
        bank_draw(drawn, pages);
    pthread_mutex_unlock(bank->lock);
    return !obstacle;
}

void bank_refund(struct bank *bank, uint64_t pages)
{
    pthread_mutex_lock(bank->lock);
    bank_give_back(bank_heir(bank), pages);
    pthread_mutex_unlock(bank->lock);
}

bool bank_charge_bytes(struct bank *bank, uint64_t bytes, struct bank **refused)
{
    pthread_mutex_lock(bank->lock);
    struct bank *drawn = bank_heir(bank);
    uint64_t pages = pages_of(drawn->bytes + bytes) - pages_of(drawn->bytes);
    struct bank *obstacle = bank_obstacle(drawn, pages);
    if (obstacle) {
        tell(obstacle, refused);
    } else {
        bank_draw(drawn, pages);
        drawn->bytes += bytes;
    }
    pthread_mutex_unlock(bank->lock);
    return !obstacle;
}

void bank_refund_bytes(struct bank *bank, uint64_t bytes)
{
    pthread_mutex_lock(bank->lock);
    struct bank *drawn = bank_heir(bank);
    require(drawn->bytes >= bytes, "a bank was given back more bytes than were drawn from it");
    bank_give_back(drawn, pages_of(drawn->bytes) - pages_of(drawn->bytes - bytes));
    drawn->bytes -= bytes;
    pthread_mutex_unlock(bank->lock);
}

int bank_set_limit(struct bank *bank, uint64_t limit_pages)
{
    pthread_mutex_lock(bank->lock);
    int result = bank_state_now(bank) != BANK_ALIVE ? -ESTALE : 0;
    if (result == 0)
        bank->limit = limit_pages;
    pthread_mutex_unlock(bank->lock);
    return result;
}

/* What the whole path allows. */
static void look_up_the_path(struct bank *bank, struct bank_figures *figures)
{
    figures->effective_limit = figures->available = BANK_UNLIMITED;
    for (; bank; bank = bank_superior(bank)) {
        if (bank->limit < figures->effective_limit)
            figures->effective_limit = bank->limit;
        if (bank->limit != BANK_UNLIMITED && bank_room(bank) < figures->available)
            figures->available = bank_room(bank);
    }
}

bool bank_figures(struct bank *bank, struct bank_figures *figures)
{
    pthread_mutex_lock(bank->lock);
    bool alive = bank_state_now(bank) == BANK_ALIVE;
    if (alive) {
        *figures = (struct bank_figures){
            .limit = bank->limit, .used = bank->used, .peak = bank->peak, .banks = bank->banks};
        look_up_the_path(bank, figures);
    }
    pthread_mutex_unlock(bank->lock);
    return alive;
}

enum bank_state bank_state(struct bank *bank)
{
    pthread_mutex_lock(bank->lock);
    enum bank_state state = bank_state_now(bank);
    pthread_mutex_unlock(bank->lock);
    return state;
}

bool bank_draws_from(struct bank *bank, struct bank *superior)
{
    pthread_mutex_lock(bank->lock);
    struct bank *each = bank_heir(bank);
    while (each && each != superior)
        each = bank_superior(each);
    pthread_mutex_unlock(bank->lock);
    return each != NULL;
}

uint64_t bank_tightest(struct bank *bank)
{
    pthread_mutex_lock(bank->lock);
    struct bank *obstacle = bank_obstacle(bank_heir(bank), UINT64_MAX);
    uint64_t identity = obstacle ? obstacle->identity : bank->identity;
    pthread_mutex_unlock(bank->lock);
    return identity;
}

struct bank *bank_parent(struct bank *bank)
{
    pthread_mutex_lock(bank->lock);
    struct bank *parent = bank_superior(bank);
    if (parent)
        bank_retain(parent);
    pthread_mutex_unlock(bank->lock);
    return parent;
}

uint64_t bank_identity(const struct bank *bank)
{
    return bank->identity;
}

bool bank_has_keeper(const struct bank *bank)
{
    return atomic_load(&bank->has_keeper);
}

/* Most machines have no such bank, and this is asked in the middle of system calls. */
static _Atomic bool any_was_kept;

bool bank_is_kept(struct bank *bank)
{
    if (!atomic_load_explicit(&any_was_kept, memory_order_relaxed))
        return false;
    pthread_mutex_lock(bank->lock);
    struct bank *each = bank_heir(bank);
    while (each && !bank_has_keeper(each))
        each = bank_superior(each);
    pthread_mutex_unlock(bank->lock);
    return each != NULL;
}

void bank_set_has_keeper(struct bank *bank, bool has_keeper)
{
    pthread_mutex_lock(bank->lock);
    if (has_keeper)
        atomic_store(&any_was_kept, true);
    atomic_store(&bank->has_keeper, has_keeper && bank_state_now(bank) == BANK_ALIVE);
    pthread_mutex_unlock(bank->lock);
}
