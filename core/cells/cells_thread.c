/* The cells' thread: it has the warden, makes cells, and sees them die. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool_state.h"
#include "program_file.h"
#include "warden.h"

enum { EVENTS = 32 };

static struct pool *const pool = &cells_pool;

/* The thread's alone; a child of fork forgets it. */
static struct warden warden = NO_WARDEN;
static uint32_t warden_number; /* how many there have been */

static bool watch(int descriptor, void *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    return epoll_ctl(pool->poll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* --- a cell's beginning ----------------------------------------------------------------------------------------------------- */

static void close_if_open(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

static void free_cell(struct cell *cell)
{
    close_if_open(cell->pidfd);
    close_if_open(cell->socket);
    close_if_open(cell->control_file);
    if (cell->control)
        munmap(cell->control, CELL_CONTROL_SIZE);
    free(cell);
}

static struct cell *create_cell(void)
{
    struct cell *cell = calloc(1, sizeof *cell);
    if (!cell)
        return NULL;
    cell->pidfd = cell->socket = -1;
    cell->control_file = memory_file_create("motte-control", CELL_CONTROL_SIZE);
    void *pages = MAP_FAILED;
    if (cell->control_file >= 0)
        pages = mmap(NULL, CELL_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, cell->control_file, 0);
    cell->control = pages == MAP_FAILED ? NULL : pages;
    if (cell->control && madvise(pages, CELL_CONTROL_SIZE, MADV_DONTFORK) == 0
        && madvise(pages, CELL_CONTROL_SIZE, MADV_DONTDUMP) == 0)
        return cell;
    free_cell(cell);
    return NULL;
}

static bool have_warden(const char **problem)
{
    if (warden.socket >= 0)
        return true;
    if (!warden_start(&warden, problem))
        return false;
    if (!watch(warden.socket, &warden)) {
        *problem = "the host has no memory left";
        warden_end(&warden);
        return false;
    }
    warden_number++;
    return true;
}

static bool fork_cell(struct cell *cell, const char **problem)
{
    struct warden_cell process;
    int error;
    if (!warden_fork(&warden, &process, &error)) {
        *problem = error ? "the host has no room for another process" : "the warden of the cells has died";
        if (!error)
            warden_end(&warden);
        return false;
    }
    cell->pid = process.pid;
    cell->inner_pid = process.inner_pid;
    cell->pidfd = process.process;
    cell->socket = process.socket;
    cell->warden = warden_number;
    return true;
}

static struct cell *make_cell(const char **problem)
{
    *problem = "the host has no memory or no descriptors left";
    struct cell *cell = create_cell();
    if (cell && !(have_warden(problem) && fork_cell(cell, problem))) {
        free_cell(cell);
        cell = NULL;
    }
    if (cell && !watch(cell->pidfd, cell)) {
        warden_end(&warden); /* and with it the cell, of which nobody would see that it dies */
        *problem = "the host has no memory left";
        free_cell(cell);
        cell = NULL;
    }
    return cell;
}

/* One more for the pool; false if it could not be made. */
static bool add_cell(void)
{
    const char *problem = NULL;
    pthread_mutex_lock(&pool->making);
    struct cell *cell = make_cell(&problem);
    pthread_mutex_lock(&pool->lock);
    pool->features = warden.features;
    if (cell) {
        cell->state = CELL_IS_READY;
        cell->next = pool->all;
        if (pool->all)
            pool->all->previous = cell;
        pool->all = cell;
        pool_put_in(&pool->ready, cell);
        pool->ready_count++;
    } else {
        pool->failures++;
        pool->problem = problem;
    }
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->making);
    return cell;
}

/* --- a cell's end ------------------------------------------------------------------------------------------------------------- */

static void look(const struct cell *cell, bool reaps, int *code, int *status)
{
    if (cell->warden == warden_number && warden.socket >= 0)
        warden_look(&warden, cell->inner_pid, reaps, code, status);
}

/* Its process is dead, and it is in the list of all cells only. */
static void dispose(struct cell *cell)
{
    int code, status;
    look(cell, true, &code, &status);
    pthread_mutex_lock(&pool->lock);
    if (cell->next)
        cell->next->previous = cell->previous;
    if (cell->previous)
        cell->previous->next = cell->next;
    else
        pool->all = cell->next;
    pthread_mutex_unlock(&pool->lock);
    free_cell(cell);
}

/* The order is what pool.h promises. */
static void note_death(struct cell *cell)
{
    epoll_ctl(pool->poll, EPOLL_CTL_DEL, cell->pidfd, NULL);
    look(cell, false, &cell->death_code, &cell->death_status);
    atomic_store(&cell->dead, true);
    atomic_store(&cell->control->turn, CELL_TURN_HOST);
    syscall(SYS_futex, &cell->control->turn, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    pthread_mutex_lock(&pool->lock);
    bool unwanted = cell->state == CELL_IS_READY || cell->state == CELL_IS_DYING;
    if (cell->state == CELL_IS_READY) {
        pool_take_out(&pool->ready, cell);
        pool->ready_count--;
        cell->state = CELL_IS_DYING;
    }
    pthread_mutex_unlock(&pool->lock);
    if (unwanted)
        dispose(cell);
}

static struct cell *take_back(void)
{
    pthread_mutex_lock(&pool->lock);
    struct cell *cell = pool->back;
    if (cell) {
        pool_take_out(&pool->back, cell);
        cell->state = CELL_IS_DYING;
    }
    pthread_mutex_unlock(&pool->lock);
    return cell;
}

/* Those that are not dead yet are disposed of when they are. */
static void take_all_back(void)
{
    for (struct cell *cell = take_back(); cell; cell = take_back())
        if (atomic_load(&cell->dead))
            dispose(cell);
}

/* --- its loop ----------------------------------------------------------------------------------------------------------------- */

static bool wants_more(void)
{
    pthread_mutex_lock(&pool->lock);
    bool more = pool->ready_count < READY_CELLS + pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return more;
}

static void lose_warden(void)
{
    pthread_mutex_lock(&pool->making);
    warden_end(&warden);
    pthread_mutex_unlock(&pool->making);
}

static void hear(const struct epoll_event *event)
{
    uint64_t rings;
    if (event->data.ptr == &pool->bell) {
        ssize_t heard = read(pool->bell, &rings, sizeof rings);
        (void)heard;
    } else if (event->data.ptr == &warden) {
        lose_warden();
    } else {
        note_death(event->data.ptr);
    }
}

void *cells_thread(void *unused)
{
    (void)unused;
    for (;;) {
        while (wants_more() && add_cell())
            take_all_back();
        struct epoll_event events[EVENTS];
        int count = epoll_wait(pool->poll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            hear(&events[i]);
        take_all_back();
    }
    return unused;
}

void cells_thread_forget(void)
{
    close_if_open(warden.socket);
    close_if_open(warden.process);
    warden = (struct warden)NO_WARDEN;
}
