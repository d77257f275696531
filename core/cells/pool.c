#define _GNU_SOURCE
#include "pool.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pool_state.h"
#include "thread.h"

enum { THREAD_STACK = 128 << 10 };

struct pool cells_pool = {
    .making = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .poll = -1,
    .bell = -1,
};
static struct pool *const pool = &cells_pool;

void pool_put_in(struct cell **list, struct cell *cell)
{
    cell->previous_in = NULL;
    cell->next_in = *list;
    if (*list)
        (*list)->previous_in = cell;
    *list = cell;
}

void pool_take_out(struct cell **list, struct cell *cell)
{
    if (cell->next_in)
        cell->next_in->previous_in = cell->previous_in;
    if (cell->previous_in)
        cell->previous_in->next_in = cell->next_in;
    else
        *list = cell->next_in;
}

/* --- the thread's beginning -------------------------------------------------------------------------------------------- */

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

/* Under the lock. It goes on for ever, so nobody joins it. */
static bool have_thread(void)
{
    pthread_t thread = 0;
    struct epoll_event ring = {.events = EPOLLIN, .data.ptr = &pool->bell};
    if (pool->has_thread)
        return true;
    pool->poll = epoll_create1(EPOLL_CLOEXEC);
    pool->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ready = pool->poll >= 0 && pool->bell >= 0 && epoll_ctl(pool->poll, EPOLL_CTL_ADD, pool->bell, &ring) == 0;
    pool->has_thread = ready && thread_create(&thread, THREAD_STACK, cells_thread, NULL);
    if (pool->has_thread)
        pthread_detach(thread);
    else {
        close_if_open(&pool->poll);
        close_if_open(&pool->bell);
    }
    return pool->has_thread;
}

/* Under the lock. A bell that has rung already rings no more; it is heard. */
static void ring(void)
{
    const uint64_t once = 1;
    ssize_t rung = write(pool->bell, &once, sizeof once);
    (void)rung;
}

/* --- cells come and go ------------------------------------------------------------------------------------------------------ */

/* Under the lock. False: no cell could be made, since now. */
static bool wait_for_cell(void)
{
    uint64_t failures = pool->failures;
    pool->waiting++;
    ring();
    while (!pool->ready && pool->failures == failures)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pool->waiting--;
    return pool->ready;
}

/* Under the lock. Dead already, although the thread has not heard of it. */
static bool has_died(const struct cell *cell)
{
    struct pollfd death = {.fd = cell->pidfd, .events = POLLIN};
    return poll(&death, 1, 0) != 0;
}

/* Under the lock. */
static void give_back(struct cell *cell)
{
    cell->state = CELL_IS_GIVEN_BACK;
    pool_put_in(&pool->back, cell);
}

/* Under the lock. NULL: there is none, and none could be made. */
static struct cell *take_ready(void)
{
    while (pool->ready || wait_for_cell()) {
        struct cell *cell = pool->ready;
        pool_take_out(&pool->ready, cell);
        pool->ready_count--;
        ring();
        if (!has_died(cell)) {
            cell->state = CELL_IS_HELD;
            return cell;
        }
        give_back(cell);
    }
    return NULL;
}

struct cell *cell_take(const char **problem)
{
    struct cell *cell = NULL;
    *problem = "the host has no thread or no descriptors for cells";
    pthread_mutex_lock(&pool->lock);
    if (have_thread()) {
        cell = take_ready();
        if (!cell)
            *problem = pool->problem;
    }
    pthread_mutex_unlock(&pool->lock);
    return cell;
}

void cell_end(struct cell *cell)
{
    pthread_mutex_lock(&pool->lock);
    bool foreign = cell->pidfd < 0; /* of the parent of this process */
    if (!foreign) {
        cell_kill(cell);
        give_back(cell);
        ring();
    }
    pthread_mutex_unlock(&pool->lock);
    if (foreign)
        free(cell);
}

struct cell_features cells_features(void)
{
    struct cell_features features = {0};
    struct cell *cell = cell_take(&features.problem);
    if (!cell)
        return features;
    cell_end(cell);
    pthread_mutex_lock(&pool->lock);
    features.problem = NULL;
    features.features = pool->features;
    pthread_mutex_unlock(&pool->lock);
    return features;
}

/* --- fork: the child has no thread, no warden, and no cell ----------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&pool->making);
    pthread_mutex_lock(&pool->lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->making);
}

/* Who holds a cell keeps the structure, and gives it back; the others are nobody's. The control pages were not copied. */
static void forget(struct cell *cell)
{
    close_if_open(&cell->pidfd);
    close_if_open(&cell->socket);
    close_if_open(&cell->control_file);
    cell->control = NULL;
    atomic_store(&cell->dead, true);
    if (cell->state != CELL_IS_HELD)
        free(cell);
}

static void after_fork_in_child(void)
{
    for (struct cell *cell = pool->all, *next; cell; cell = next) {
        next = cell->next;
        forget(cell);
    }
    close_if_open(&pool->poll);
    close_if_open(&pool->bell);
    cells_thread_forget();
    pool->has_thread = false;
    pool->all = pool->ready = pool->back = NULL;
    pool->ready_count = pool->waiting = 0;
    pool->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->making);
}

bool cells_prepare(void)
{
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}
