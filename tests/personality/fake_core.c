/* A core in miniature, for testing the personality alone: it keeps the promises of core/guest_memory.h, core/window.h
 * and core/process.h, and runs no guest.
 *
 * A window is 4 GiB of host memory and one byte for each page; charges are a counter with a limit.  It is written as
 * plainly as possible, to be a second opinion and not a copy: the real core keeps areas, we keep pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "personality.h"
#include "personality/state.h"
#include "process.h"

enum { PAGES = MOTTE_WINDOW_SIZE / MOTTE_PAGE_SIZE };
enum page_state { FREE, RESERVED, HIDDEN, READABLE, WRITABLE }; /* from HIDDEN on, charged */

struct fake {
    struct process process; /* first: a process is a fake */
    unsigned char *window;
    unsigned char *pages;
    uint64_t charged, limit;
    _Atomic uint64_t calls_under_way;
    pthread_t caller;
};

static struct fake *fake_of(const struct process *process)
{
    return (struct fake *)process;
}

/* --- process.h --------------------------------------------------------------------------------------------------- */

bool process_stop(struct process *process, enum motte_stop reason, int32_t value)
{
    uint64_t none = 0, request = (uint64_t)reason << 32 | (uint32_t)value;
    bool first = atomic_compare_exchange_strong(&process->stop_request, &none, request);
    atomic_store(&process->stop_flag, 1);
    return first;
}

bool process_charge(struct process *process, uint64_t pages)
{
    struct fake *fake = fake_of(process);
    if (pages > fake->limit - fake->charged)
        return false;
    fake->charged += pages;
    return true;
}

void process_refund(struct process *process, uint64_t pages)
{
    if (pages > fake_of(process)->charged)
        abort();
    fake_of(process)->charged -= pages;
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

bool process_charge_bytes(struct process *process, uint64_t bytes)
{
    uint64_t before = process->host_bytes;
    if (!process_charge(process, pages_of(before + bytes) - pages_of(before)))
        return false;
    process->host_bytes += bytes;
    return true;
}

void process_refund_bytes(struct process *process, uint64_t bytes)
{
    uint64_t before = process->host_bytes;
    process->host_bytes -= bytes;
    process_refund(process, pages_of(before) - pages_of(process->host_bytes));
}

/* A stop interrupts again and again until the call is over, so none is lost. */
int64_t interruptible_syscall(struct process *process, long number, const long arguments[6])
{
    if (process_stop_requested(process))
        return -EINTR;
    long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    return result == -1 ? -errno : result;
}

int64_t waiting_syscall(struct process *process, long number, const long arguments[6])
{
    return interruptible_syscall(process, number, arguments);
}

/* It falls asleep after the call (fake_call). Nanoseconds here, where the core counts ticks. */
void process_sleep_until(struct process *process, uint64_t monotonic_ns)
{
    process->sleep_until = monotonic_ns;
}

void process_yield(struct process *process)
{
    process->yields = true;
}

void process_await(struct process *process)
{
    atomic_store(&process->wake, WAKE_AWAITED);
}

void process_wake(struct process *process, bool under_lock)
{
    (void)under_lock;
    uint32_t awaited = WAKE_AWAITED;
    atomic_compare_exchange_strong(&process->wake, &awaited, WAKE_CAME);
}

void process_retain(struct process *process)
{
    atomic_fetch_add(&process->references, 1);
}

void process_release(struct process *process)
{
    atomic_fetch_sub(&process->references, 1);
}

uint64_t process_cpu_ns(struct process *process)
{
    (void)process;
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* --- ipc/sources.h ----------------------------------------------------------------------------------------------- */

/* What a test says it has. */
uint32_t source_clock_rights(const struct process *process)
{
    return process->sources.rights[SOURCE_CLOCK];
}

enum random_kind source_random(const struct process *process, struct random_stream *stream)
{
    *stream = (struct random_stream){.seed = process->sources.seed};
    if (!process->sources.rights[SOURCE_RANDOM])
        return RANDOM_NONE;
    return process->sources.is_seeded ? RANDOM_OF_SEED : RANDOM_OF_HOST;
}

/* --- guest_memory.h ---------------------------------------------------------------------------------------------- */

static bool reachable(const struct process *process, guest_addr start, size_t size, enum page_state least)
{
    if (size > MOTTE_WINDOW_SIZE - start.value)
        return false;
    for (uint64_t at = start.value / MOTTE_PAGE_SIZE; at * MOTTE_PAGE_SIZE < start.value + size; at++)
        if (fake_of(process)->pages[at] < least)
            return false;
    return true;
}

bool copy_in(struct process *process, void *to, guest_addr from, size_t size)
{
    if (!reachable(process, from, size, READABLE))
        return false;
    memcpy(to, fake_of(process)->window + from.value, size);
    return true;
}

bool copy_out(struct process *process, guest_addr to, const void *from, size_t size)
{
    if (!reachable(process, to, size, WRITABLE))
        return false;
    memcpy(fake_of(process)->window + to.value, from, size);
    return true;
}

bool copy_within(struct process *process, guest_addr to, guest_addr from, size_t size)
{
    return reachable(process, from, size, READABLE)
        && copy_out(process, to, fake_of(process)->window + from.value, size);
}

bool clear_out(struct process *process, guest_addr to, size_t size)
{
    if (!reachable(process, to, size, WRITABLE))
        return false;
    memset(fake_of(process)->window + to.value, 0, size);
    return true;
}

/* Nobody keeps a process here. */
bool prepare_out(struct process *process, guest_addr to, size_t size)
{
    (void)process;
    (void)to;
    (void)size;
    return true;
}

enum copy_string_result copy_in_string(struct process *process, char *to, guest_addr from, size_t capacity,
                                       size_t *length)
{
    for (size_t done = 0; done < capacity; done++) {
        uint64_t at = (uint64_t)from.value + done;
        if (at >= MOTTE_WINDOW_SIZE || !copy_in(process, to + done, (guest_addr){(uint32_t)at}, 1))
            return STRING_UNREADABLE;
        if (!to[done]) {
            *length = done;
            return STRING_COPIED;
        }
    }
    return STRING_TOO_LONG;
}

/* --- window.h ---------------------------------------------------------------------------------------------------- */

static bool is_range(guest_addr start, uint64_t pages)
{
    return start.value % MOTTE_PAGE_SIZE == 0 && start.value >= MOTTE_NULL_GUARD_END && pages > 0
        && pages <= (MOTTE_EXCHANGE_END - start.value) / MOTTE_PAGE_SIZE;
}

static uint64_t count_charged(const unsigned char *page, uint64_t pages)
{
    uint64_t charged = 0;
    for (uint64_t i = 0; i < pages; i++)
        charged += page[i] >= HIDDEN;
    return charged;
}

static void zero(struct process *process, guest_addr start, uint64_t pages)
{
    madvise(fake_of(process)->window + start.value, pages * MOTTE_PAGE_SIZE, MADV_DONTNEED);
}

static unsigned char *page_at(struct process *process, guest_addr start)
{
    return fake_of(process)->pages + start.value / MOTTE_PAGE_SIZE;
}

bool window_is_mapped(struct process *process, guest_addr start, uint64_t pages)
{
    return is_range(start, pages) && !memchr(page_at(process, start), FREE, pages);
}

int window_map(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection)
{
    if (!is_range(start, pages))
        return -EINVAL;
    unsigned char *page = page_at(process, start);
    for (uint64_t i = 0; i < pages; i++)
        if (page[i] != FREE)
            return -EEXIST;
    if (protection != WINDOW_NO_ACCESS && !process_charge(process, pages))
        return -ENOMEM;
    memset(page, protection == WINDOW_NO_ACCESS ? RESERVED : protection == WINDOW_READ ? READABLE : WRITABLE, pages);
    return 0;
}

int window_unmap(struct process *process, guest_addr start, uint64_t pages)
{
    if (!is_range(start, pages))
        return -EINVAL;
    process_refund(process, count_charged(page_at(process, start), pages));
    memset(page_at(process, start), FREE, pages);
    zero(process, start, pages);
    return 0;
}

int window_protect(struct process *process, guest_addr start, uint64_t pages, enum window_protection protection)
{
    if (!is_range(start, pages))
        return -EINVAL;
    if (!window_is_mapped(process, start, pages))
        return -ENOENT;
    unsigned char *page = page_at(process, start);
    if (protection == WINDOW_NO_ACCESS) {
        for (uint64_t i = 0; i < pages; i++)
            page[i] = page[i] == RESERVED ? RESERVED : HIDDEN;
        return 0;
    }
    if (!process_charge(process, pages - count_charged(page, pages)))
        return -ENOMEM;
    memset(page, protection == WINDOW_READ ? READABLE : WRITABLE, pages);
    return 0;
}

int window_discard(struct process *process, guest_addr start, uint64_t pages)
{
    if (!is_range(start, pages))
        return -EINVAL;
    if (!window_is_mapped(process, start, pages))
        return -ENOENT;
    zero(process, start, pages);
    return 0;
}

int window_find_free(struct process *process, guest_addr low, guest_addr high, uint64_t pages, guest_addr *found)
{
    uint64_t run = 0;
    for (uint64_t at = high.value / MOTTE_PAGE_SIZE; at-- > low.value / MOTTE_PAGE_SIZE;) {
        run = fake_of(process)->pages[at] == FREE ? run + 1 : 0;
        if (run == pages) {
            *found = (guest_addr){(uint32_t)(at * MOTTE_PAGE_SIZE)};
            return 0;
        }
    }
    return -ENOMEM;
}

/* --- what the tests call ----------------------------------------------------------------------------------------- */

static void nothing(int signal)
{
    (void)signal;
}

struct process *fake_create(uint64_t limit_pages)
{
    struct fake *fake = calloc(1, sizeof *fake);
    /* On the alternate stack: with a handler for the current one in the process, no thread of the host visits guests. */
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = nothing, .sa_flags = SA_ONSTACK}, NULL);
    fake->window = mmap(NULL, MOTTE_WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1, 0);
    fake->pages = calloc(PAGES, 1);
    fake->limit = limit_pages;
    fake->process.sources.rights[SOURCE_CLOCK] = MOTTE_CLOCK_READ | MOTTE_CLOCK_EXACT;
    fake->process.sources.rights[SOURCE_RANDOM] = MOTTE_RANDOM_DRAW;
    return &fake->process;
}

void fake_destroy(struct process *process)
{
    munmap(fake_of(process)->window, MOTTE_WINDOW_SIZE);
    free(fake_of(process)->pages);
    free(fake_of(process));
}

int fake_map(struct process *process, uint32_t start, uint64_t pages, int protection)
{
    return window_map(process, (guest_addr){start}, pages, (enum window_protection)protection);
}

/* False if a stop came first. */
static bool sleep_after_call(struct process *process)
{
    uint64_t until = process->sleep_until;
    process->sleep_until = 0;
    for (bool over = until == 0; !over && !process_stop_requested(process);) {
        struct timespec now;
        usleep(200);
        clock_gettime(CLOCK_MONOTONIC, &now);
        over = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec >= until;
    }
    return until == 0 || !process_stop_requested(process);
}

/* True if the call is to be made again. */
static bool await_wake(struct process *process)
{
    uint32_t wake;
    while ((wake = atomic_load(&process->wake)) == WAKE_AWAITED && !process_stop_requested(process))
        usleep(200);
    return wake != WAKE_NOT_WANTED && !process_stop_requested(process);
}

int64_t fake_call(struct process *process, int64_t number, const uint64_t arguments[6])
{
    struct fake *fake = fake_of(process);
    fake->caller = pthread_self();
    atomic_fetch_add(&fake->calls_under_way, 1);
    int64_t result;
    do {
        atomic_store(&process->wake, WAKE_NOT_WANTED);
        result = motte_personality_call(process, number, arguments);
    } while (await_wake(process));
    if (!sleep_after_call(process))
        result = -EINTR;
    atomic_fetch_sub(&fake->calls_under_way, 1);
    return result;
}

/* Waits until a call is inside the kernel's code, as far as anybody outside can tell: it is under way. */
bool fake_is_calling(struct process *process)
{
    return atomic_load(&fake_of(process)->calls_under_way) != 0;
}

void fake_kill(struct process *process)
{
    process_stop(process, MOTTE_STOP_KILLED, 0);
    while (fake_is_calling(process)) {
        pthread_kill(fake_of(process)->caller, SIGUSR1);
        usleep(200);
    }
}

/* Rights to a clock; whether there are random numbers. */
void fake_grant_sources(struct process *process, uint32_t clock, uint32_t random)
{
    process->sources.rights[SOURCE_CLOCK] = clock;
    process->sources.rights[SOURCE_RANDOM] = random;
}

uint64_t fake_stop_request(const struct process *process)
{
    return atomic_load(&process->stop_request);
}

uint64_t fake_charged(const struct process *process)
{
    return fake_of(process)->charged;
}

/* The part of it that is for pages of the window. */
uint64_t fake_window_charge(const struct process *process)
{
    return count_charged(fake_of(process)->pages, PAGES);
}

void fake_set_limit(struct process *process, uint64_t pages)
{
    fake_of(process)->limit = pages;
}

int fake_page(const struct process *process, uint32_t address)
{
    return fake_of(process)->pages[address / MOTTE_PAGE_SIZE];
}

/* As if so much had been done before: the limits are too far away to be reached in a test's time. */
void fake_has_written(struct process *process, uint64_t file_bytes, int64_t created_entries)
{
    process->personality->file_bytes = file_bytes;
    process->personality->created_entries = created_entries;
}

/* The bytes themselves, whatever the pages' protection. */
unsigned char *fake_window(const struct process *process)
{
    return fake_of(process)->window;
}
