/* Threads that do everything to banks at once; run under the sanitizers by test_bank_threads.py.
 *
 * Afterwards every page must be back, and every bank gone but the root: whatever was removed, destroyed or forgotten
 * meanwhile, and in whatever order. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank.h"

enum { THREADS = 4, TURNS = 20000, SHARED = 24, DRAWN = 16, PAGES = 3000 };

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bank *table[SHARED]; /* under table_lock; [0] is the root, and stays */

static void require_that(int condition, const char *claim)
{
    if (condition)
        return;
    fprintf(stderr, "not so: %s\n", claim);
    exit(1);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static struct bank *take(unsigned place)
{
    pthread_mutex_lock(&table_lock);
    struct bank *bank = table[place];
    bank_retain(bank);
    pthread_mutex_unlock(&table_lock);
    return bank;
}

static void put(unsigned place, struct bank *bank)
{
    pthread_mutex_lock(&table_lock);
    struct bank *before = table[place];
    table[place] = bank;
    pthread_mutex_unlock(&table_lock);
    bank_release(before);
}

struct drawn {
    struct bank *bank; /* with a reference */
    uint64_t pages;
};

static void give_back(struct drawn *drawn)
{
    if (!drawn->bank)
        return;
    bank_refund(drawn->bank, drawn->pages);
    bank_release(drawn->bank);
    drawn->bank = NULL;
}

static void draw(struct bank *bank, uint64_t pages, struct drawn *drawn)
{
    struct bank *refused = NULL;
    give_back(drawn);
    if (bank_charge(bank, pages, &refused)) {
        bank_retain(bank);
        *drawn = (struct drawn){bank, pages};
    } else {
        require_that(bank_identity(refused) > 0, "a refusal names a bank");
        bank_release(refused);
    }
}

static void look(struct bank *bank, struct bank *other)
{
    struct bank_figures figures;
    struct bank *parent = bank_parent(bank);
    if (parent)
        bank_release(parent);
    (void)bank_draws_from(bank, other);
    (void)bank_tightest(bank);
    (void)bank_has_keeper(other);
    if (bank_figures(bank, &figures))
        require_that(figures.used <= figures.peak, "no more is used than the peak");
}

static void *disturb(void *argument)
{
    unsigned random = *(const unsigned *)argument;
    struct drawn drawn[DRAWN] = {{NULL, 0}};
    for (int turn = 0; turn < TURNS; turn++) {
        unsigned place = next_random(&random) % SHARED, what = next_random(&random) % 100;
        struct bank *bank = take(place), *other = take(next_random(&random) % SHARED), *child;
        if (what < 30) {
            draw(bank, next_random(&random) % 9, &drawn[next_random(&random) % DRAWN]);
        } else if (what < 55) {
            give_back(&drawn[next_random(&random) % DRAWN]);
        } else if (what < 80) {
            if (bank_create(bank, next_random(&random) % 3 ? BANK_UNLIMITED : 40, &child, NULL) == 0)
                put(1 + next_random(&random) % (SHARED - 1), child);
        } else if (what < 90) {
            look(bank, other);
        } else if (what < 94) {
            (void)bank_set_limit(bank, place == 0 ? BANK_UNLIMITED : 10 + next_random(&random) % 50);
            bank_set_has_keeper(bank, what % 2);
        } else if (what < 98) {
            (void)bank_remove(bank);
        } else if (place != 0) {
            (void)bank_destroy(bank);
        }
        bank_release(bank);
        bank_release(other);
    }
    for (int i = 0; i < DRAWN; i++)
        give_back(&drawn[i]);
    return NULL;
}

static void *exhaust(void *leaf)
{
    uintptr_t count = 0;
    while (bank_charge(leaf, 1, NULL))
        count++;
    return (void *)count;
}

static void run_all(void *(*action)(void *), void *const arguments[THREADS], uintptr_t results[THREADS])
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        require_that(pthread_create(&threads[i], NULL, action, arguments[i]) == 0, "there are threads");
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        results[i] = (uintptr_t)result;
    }
}

static void many_leaves_share_one_limit_exactly(void)
{
    struct bank *root, *leaves[THREADS];
    struct bank_figures figures;
    void *arguments[THREADS];
    uintptr_t drawn[THREADS], sum = 0;
    require_that(bank_create(NULL, PAGES + THREADS, &root, NULL) == 0, "there is memory");
    for (int i = 0; i < THREADS; i++) {
        require_that(bank_create(root, BANK_UNLIMITED, &leaves[i], NULL) == 0, "there is room for a bank");
        arguments[i] = leaves[i];
    }
    run_all(exhaust, arguments, drawn);
    for (int i = 0; i < THREADS; i++) {
        bank_figures(leaves[i], &figures);
        require_that(figures.used == drawn[i], "a leaf counts what was drawn from it");
        sum += drawn[i];
    }
    require_that(sum == PAGES, "all that the limit allows was had, and nothing more");
    bank_figures(root, &figures);
    require_that(figures.used == PAGES + THREADS && figures.available == 0, "the root is full");
    for (int i = 0; i < THREADS; i++) {
        bank_refund(leaves[i], drawn[i]);
        bank_release(leaves[i]);
    }
    bank_figures(root, &figures);
    require_that(figures.used == 0 && figures.banks == 0, "everything is back");
    bank_release(root);
}

static void everything_at_once_leaves_nothing(void)
{
    unsigned seeds[THREADS];
    void *arguments[THREADS];
    uintptr_t unused[THREADS];
    struct bank_figures figures;
    require_that(bank_create(NULL, BANK_UNLIMITED, &table[0], NULL) == 0, "there is memory");
    for (int i = 1; i < SHARED; i++)
        require_that(bank_create(table[0], BANK_UNLIMITED, &table[i], NULL) == 0, "there is memory");
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i;
        arguments[i] = &seeds[i];
    }
    run_all(disturb, arguments, unused);
    for (int i = 1; i < SHARED; i++)
        bank_release(table[i]);
    require_that(bank_figures(table[0], &figures), "the root is alive");
    require_that(figures.used == 0, "every page is back");
    require_that(figures.banks == 0, "every bank is gone");
    bank_release(table[0]);
}

int main(void)
{
    many_leaves_share_one_limit_exactly();
    everything_at_once_leaves_nothing();
    return 0;
}
