/* The scheduler under threads that do everything at once, with guests that are functions: no window and no switch, so that
 * the sanitizers see every access.  (ThreadSanitizer knows nothing of code that it has not compiled, and holds signals back
 * until the thread calls something: a real guest would never be interrupted under it, but for prompt_signals.c.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bank.h"
#include "call_steps.h"
#include "cells/cell_turn.h"
#include "clock.h"
#include "code_region.h"
#include "context.h"
#include "events.h"
#include "faults.h"
#include "host_functions.h"
#include "ipc/process_ipc.h"
#include "ipc/service.h"
#include "ipc/transfer.h"
#include "keeping.h"
#include "lifecycle.h"
#include "metering.h"
#include "meters/meters.h"
#include "offers.h"
#include "panic.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "slot.h"
#include "switch.h"
#include "worker.h"

enum { KILLERS = 6, PROCESSES_EACH = 150, WORKERS = 3, STEPS = 12, FRAME = 20 };
static const uint64_t microsecond = 1000, millisecond = 1000000;

/* --- what the scheduler stands on ------------------------------------------------------------------------------------ */

static const int interrupt_number = 40;

static void on_interrupt(int number, siginfo_t *information, void *opaque)
{
    (void)number, (void)opaque;
    struct worker *worker = worker_current();
    int saved_errno = errno;
    if (worker && information->si_code == SI_TIMER)
        timer_expired(&worker->timer);
    struct process *process = worker ? atomic_load(&worker->process) : NULL;
    if (process && timer_turn_is_over(&worker->timer))
        process_set_attention(process, true);
    errno = saved_errno;
}

bool signals_install(void)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    pthread_mutex_lock(&once);
    sigfillset(&action.sa_mask);
    bool installed = sigaction(interrupt_number, &action, NULL) == 0;
    pthread_mutex_unlock(&once);
    return installed;
}

bool signals_installed_since(uint64_t monotonic_ns)
{
    (void)monotonic_ns;
    return signals_install();
}

bool signals_allow_visits(void)
{
    return true;
}

void signals_send(pid_t thread_id)
{
    syscall(SYS_tgkill, getpid(), thread_id, interrupt_number);
}

int signals_interrupt(void)
{
    return interrupt_number;
}

uint32_t slot_fork_generation(void)
{
    return 0;
}

/* Nobody here is granted any. */
bool (*host_function_invoke)(void *opaque, struct process *process, const uint64_t *words, uint64_t *result);

bool fault_settle(struct process *process)
{
    (void)process;
    return false;
}

void keeping_call_again(struct process *process)
{
    (void)process;
}

void keeping_refused(struct process *process, struct bank *bank, uint64_t pages)
{
    (void)process, (void)bank, (void)pages;
}

void keeping_charged(struct process *process)
{
    (void)process;
}

void sources_begin(struct sources *sources, struct scheduler *scheduler)
{
    (void)sources, (void)scheduler;
}

int signals_change_ids(void)
{
    return 0;
}

/* Nobody here sends anything, but some are woken. */
void ipc_settle(struct scheduler *scheduler)
{
    if (scheduler->ipc_made_ready)
        schedule(scheduler, NULL);
}

void personality_hang_up(struct process *process)
{
    (void)process;
}

void ipc_timeout(struct process *process)
{
    (void)process;
}

void ipc_forget(struct process *process)
{
    (void)process;
}

/* Nobody here calls functions of guests. */
void call_tell(struct process *process)
{
    (void)process;
}

void service_process_ended(struct process *process)
{
    (void)process;
}

void service_forget_process(struct process *process)
{
    (void)process;
}

int64_t ipc_resume(struct process *process)
{
    (void)process;
    return 0;
}

long checked_syscall(long number, const long arguments[6], const _Atomic uint32_t *stop)
{
    if (atomic_load(stop))
        return -EINTR;
    long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    return result < 0 ? -errno : result;
}

/* --- guests ------------------------------------------------------------------------------------------------------------ */

static void nap(uint64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static _Atomic uint64_t visits;

/* Visitors leave that to workers. */
static void wait_a_moment_in_a_call(struct process *process)
{
    if (process->visited) {
        process_set_attention(process, true);
        return;
    }
    struct timespec moment = {.tv_nsec = (long)(100 * microsecond)};
    const long arguments[6] = {0, 0, (long)(uintptr_t)&moment};
    waiting_syscall(process, SYS_ppoll, arguments);
}

/* Each entry does one thing that can end a turn, as in a gate; `rbx` is this guest's only variable, and with its stack nobody
 * else touches it: only that both go while it sleeps deeply, and come again. */
void guest_enter(struct context *context, uintptr_t window)
{
    (void)window;
    struct process *process = context->process;
    const uint64_t *stack = (const uint64_t *)context->guest_stack;
    require(stack[0] == process->identity && stack[FRAME - 1] == ~process->identity, "a stack was lost");
    atomic_store(&process->wake, WAKE_NOT_WANTED);
    atomic_fetch_add(&visits, process->visited);
    while (!atomic_load(&process->attention)) {
        uint64_t step = context->rbx++;
        process_count(&process->system_calls);
        switch ((process->identity + step) % 13 ? (process->identity + step) % 4 : 4) {
        case 0:
            process_sleep_until(process, monotonic_ns() + (step % 3 ? 50 : 300) * microsecond);
            break;
        case 1:
            process_yield(process);
            break;
        case 2:
            wait_a_moment_in_a_call(process);
            break;
        case 4:
            process_await(process);
            break;
        default:
            nap(microsecond);
        }
        if (step == STEPS)
            process_stop(process, MOTTE_STOP_EXITED, 0);
    }
}

/* --- processes ----------------------------------------------------------------------------------------------------------- */

struct guest {
    struct slot slot;
    unsigned char *page; /* of its context and its stack */
    struct process *process;
};

static _Atomic uint64_t pages_taken;

/* The kernel takes the page. */
void cell_run(struct process *process)
{
    (void)process; /* none of these is in a cell */
}

bool slot_discard(struct slot *slot, uintptr_t low, uintptr_t high)
{
    (void)slot;
    memset((void *)low, 0, high - low);
    atomic_fetch_add(&pages_taken, 1);
    return true;
}

static struct bank *bank;
static struct code_region region; /* that claims nothing */

static struct guest create(struct scheduler *scheduler, struct meter *meter, uint64_t cpu_limit_ns)
{
    struct guest guest = {.page = aligned_alloc(MOTTE_PAGE_SIZE, MOTTE_PAGE_SIZE), .process = calloc(1, sizeof *guest.process)};
    require(guest.page && guest.process, "no memory");
    memset(guest.page, 0, MOTTE_PAGE_SIZE);
    struct process *process = guest.process;
    process->native_stack_low = (uintptr_t)guest.page;
    atomic_init(&process->references, 1);
    process->bank = bank;
    process->region = &region;
    process->wall_limit_ns = cpu_limit_ns == UINT64_MAX ? 50 * millisecond : UINT64_MAX;
    atomic_init(&process->wanted_events, EVENT_EXIT);
    require(scheduler_admit(scheduler, process, meter, cpu_limit_ns), "not admitted");
    struct context *context = (struct context *)(guest.page + MOTTE_PAGE_SIZE - sizeof *context);
    uint64_t *stack = (uint64_t *)context - FRAME;
    context->process = process;
    context->resume = RESUME_IN_GATE;
    context->guest_stack = (uintptr_t)stack;
    stack[0] = process->identity;
    stack[FRAME - 1] = ~process->identity;
    return guest;
}

static void destroy(struct guest *guest)
{
    process_kill(guest->process, MOTTE_STOP_KILLED);
    while (process_wait(guest->process, deadline_after(UINT64_MAX)) != 1) {
    }
    scheduler_dismiss(guest->process);
    deep_sleep_forget(guest->process);
    process_release(guest->process);
    free(guest->page);
}

static struct scheduler *scheduler;
static struct meter *meters[3];

static void disturb(struct process *process, uint64_t *random)
{
    switch (next_random(random) % 8) {
    case 0:
        process_suspend(process);
        nap(20 * microsecond);
        process_resume(process);
        break;
    case 1:
        process_kill(process, MOTTE_STOP_KILLED);
        break;
    case 2:
        process_times(process);
        break;
    case 3:
        process_suspend(process);
        break;
    case 4:
        process_wake(process, false);
        break;
    default:
        process_wait(process, deadline_after(200 * microsecond));
    }
}

static void *kill_and_make(void *argument)
{
    uint64_t random = 88172645463325252 + (uintptr_t)argument;
    for (int i = 0; i < PROCESSES_EACH; i++) {
        uint64_t limit = i % 3 ? UINT64_MAX : 300 * microsecond;
        struct guest guest = create(scheduler, meters[(uintptr_t)argument % 3], limit);
        guest.slot.base = (uintptr_t)guest.page - SLOT_FRONT_PAGE;
        guest.slot.stack_top = guest.slot.base + SLOT_STACK_TOP;
        guest.process->slot = &guest.slot;
        if (next_random(&random) % 16)
            require(process_start(guest.process) == 0, "not started");
        if (next_random(&random) % 2)
            offer_accept(guest.process, UINT64_MAX);
        for (int j = 0; j < 4; j++)
            disturb(guest.process, &random);
        destroy(&guest);
    }
    return NULL;
}

static _Atomic bool over;

static void *change_meters(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; !atomic_load(&over); i++) {
        struct meter *meter = meters[i % 3];
        metering_set_weight(scheduler, meter, 1 + i % 500);
        metering_set_on(scheduler, meter, i % 7 != 0);
        metering_set_rate(scheduler, meters[0], i % 2 ? 200 * microsecond : millisecond, millisecond);
        metering_set_budget(scheduler, meters[1], i % 5 ? UINT64_MAX : 100 * microsecond);
        metering_refill(scheduler, meters[1], 500 * microsecond);
        metering_look(scheduler, meter);
        nap(100 * microsecond);
    }
    for (int i = 0; i < 3; i++) {
        metering_set_on(scheduler, meters[i], true);
        metering_set_budget(scheduler, meters[i], UINT64_MAX);
    }
    return NULL;
}

static void *listen(void *count)
{
    struct event event;
    while (event_take(scheduler, &event, deadline_after(UINT64_MAX)) == EVENT_TAKEN) {
        if (event.process) {
            ++*(uint64_t *)count;
            process_release(event.process);
        } else {
            metering_release(scheduler, event.meter);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t killers[KILLERS], changer, listener;
    uint64_t exits = 0;
    clock_prepare();
    require(signals_install(), "no handler");
    require(bank_create(NULL, BANK_UNLIMITED, &bank, NULL) == 0, "no bank");
    scheduler = scheduler_create(WORKERS, THREADS_LIMIT, 1);
    for (int i = 0; i < 3; i++)
        meters[i] = metering_create(scheduler, scheduler->root);
    for (int i = 0; i < 2; i++)
        metering_set_slice(scheduler, meters[i], 50 * microsecond);
    pthread_create(&listener, NULL, listen, &exits);
    pthread_create(&changer, NULL, change_meters, NULL);
    for (uintptr_t i = 0; i < KILLERS; i++)
        pthread_create(&killers[i], NULL, kill_and_make, (void *)i);
    for (int i = 0; i < KILLERS; i++)
        pthread_join(killers[i], NULL);
    atomic_store(&over, true);
    pthread_join(changer, NULL);
    for (int i = 0; i < 3; i++)
        metering_release(scheduler, meters[i]);
    require(scheduler_close(scheduler), "processes are left");
    pthread_join(listener, NULL);
    require(exits == KILLERS * PROCESSES_EACH, "an exit was not told, or twice");
    events_forget(scheduler);
    scheduler_release(scheduler);
    require(atomic_load(&pages_taken) > 100, "hardly anybody slept deeply");
    require(atomic_load(&visits) > 0, "nobody was visited");
    struct bank_figures figures;
    require(bank_figures(bank, &figures) && figures.used == 0, "a call's thread is still paid for");
    bank_release(bank);
    return 0;
}
