#include "deep_sleep.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "context.h"
#include "moments.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"

enum { LOOKS_AT_ONCE = 64 };
static const uint64_t shortest_ns = 50000;

/* All but the vector registers, which are zeroed where a gate returns. */
enum { KEPT_OF_CONTEXT = offsetof(struct context, vectors) };

struct saved_state {
    uint32_t stack_size;
    unsigned char context[KEPT_OF_CONTEXT];
    unsigned char stack[]; /* what lies above the stack pointer */
};

void deep_sleep_prepare(struct deep_sleep *deep_sleep, uint64_t after_ns)
{
    pthread_mutex_init(&deep_sleep->moving, NULL);
    deep_sleep->after = ns_to_ticks(after_ns > shortest_ns ? after_ns : shortest_ns);
    deep_sleep->watches = deep_sleep->after == UINT64_MAX;
    deep_sleep->look_at = UINT64_MAX;
}

void deep_sleep_destroy(struct deep_sleep *deep_sleep)
{
    pthread_mutex_destroy(&deep_sleep->moving);
}

/* --- who there is --------------------------------------------------------------------------------------------------- */

void deep_sleep_join(struct process *process)
{
    struct deep_sleep *deep_sleep = &process->scheduler->deep_sleep;
    process->rest.next = deep_sleep->members;
    process->rest.link = &deep_sleep->members;
    if (process->rest.next)
        process->rest.next->rest.link = &process->rest.next;
    deep_sleep->members = process;
}

void deep_sleep_leave(struct process *process)
{
    struct deep_sleep *deep_sleep = &process->scheduler->deep_sleep;
    if (deep_sleep->next == process)
        deep_sleep->next = process->rest.next;
    *process->rest.link = process->rest.next;
    if (process->rest.next)
        process->rest.next->rest.link = process->rest.link;
}

/* --- falling asleep ---------------------------------------------------------------------------------------------------- */

/* NULL if there is too much of it, no memory, or if the process is not in a gate. */
static struct saved_state *save(const struct process *process)
{
    const struct context *context = slot_context(process->slot);
    uint64_t size = slot_stack_top(process->slot) - context->guest_stack;
    if (context->resume != RESUME_IN_GATE || size > DEEP_SLEEP_STACK)
        return NULL;
    struct saved_state *saved = malloc(sizeof *saved + size);
    if (!saved)
        return NULL;
    saved->stack_size = (uint32_t)size;
    memcpy(saved->context, context, sizeof saved->context);
    memcpy(saved->stack, (const void *)context->guest_stack, size);
    return saved;
}

/* All that is mapped of the native stack goes with the context: below its pointer there is nothing.  Should the host refuse,
 * the bytes are there twice.  False if the process stays awake. */
static bool put_to_sleep(struct process *process)
{
    struct scheduler *scheduler = process->scheduler;
    struct deep_sleep *deep_sleep = &scheduler->deep_sleep;
    uint64_t begin = ticks_now();
    process->saved = save(process);
    if (!process->saved)
        return false;
    atomic_store_explicit(&process->begun_on, 0, memory_order_relaxed);
    process->owed += deep_sleep->price;
    atomic_fetch_add_explicit(&deep_sleep->sleepers, 1, memory_order_relaxed);
    pthread_mutex_unlock(&scheduler->lock);
    slot_discard(process->slot, process->native_stack_low, slot_window(process->slot));
    uint64_t price = ticks_now() - begin;
    pthread_mutex_unlock(&deep_sleep->moving);
    pthread_mutex_lock(&scheduler->lock);
    deep_sleep->price = price;
    return true;
}

/* --- looking round ---------------------------------------------------------------------------------------------------- */

void deep_sleep_begin_rest(struct scheduler *scheduler)
{
    struct deep_sleep *deep_sleep = &scheduler->deep_sleep;
    deep_sleep->begun = true;
    if (deep_sleep->watches)
        return;
    deep_sleep->watches = true;
    deep_sleep->look_at = ticks_now() + deep_sleep->after;
    if (!moments_look(scheduler))
        deep_sleep->look_at = UINT64_MAX; /* a refusal is final, or else each wait would have the host refuse again */
}

/* One whose functions are called stays as it is: the thread that calls goes back through the gates of its context.  What a
 * process in a cell keeps is in the cell. */
static bool rests(const struct process *process)
{
    if (process->call_depth || process->caller)
        return false;
    switch ((enum process_state)atomic_load(&process->state)) {
    case PROCESS_WAITING:
    case PROCESS_RECEIVING:
    case PROCESS_SUSPENDED:
        return !process->saved && !process->slot->cell;
    default:
        return false;
    }
}

/* Turns that are lent come and go without a word (process_ipc.c): as long as there are such processes, somebody has to look. */
static bool lends(const struct process *process)
{
    return atomic_load(&process->state) == PROCESS_RECEIVING;
}

/* True if it is one to be put to sleep now. */
static bool has_waited(struct deep_sleep *deep_sleep, struct process *process)
{
    struct rest *rest = &process->rest;
    if (!rests(process))
        return false;
    if (process->worker) {
        deep_sleep->begun = deep_sleep->begun || lends(process);
        return false;
    }
    uint64_t calls = atomic_load_explicit(&process->system_calls, memory_order_relaxed);
    if (rest->calls == calls)
        return !rest->stays;
    rest->calls = calls;
    rest->stays = false;
    deep_sleep->begun = true;
    return false;
}

/* One is put to sleep at a time, for that takes as long as looking at hundreds. */
static void look_at_some(struct deep_sleep *deep_sleep)
{
    for (int i = 0; deep_sleep->next && i < LOOKS_AT_ONCE; i++) {
        struct process *process = deep_sleep->next;
        deep_sleep->next = process->rest.next;
        if (!has_waited(deep_sleep, process))
            continue;
        if (pthread_mutex_trylock(&deep_sleep->moving) != 0) {
            deep_sleep->begun = true; /* another time */
            continue;
        }
        if (put_to_sleep(process))
            return;
        pthread_mutex_unlock(&deep_sleep->moving);
        process->rest.stays = true;
    }
}

void deep_sleep_look(struct scheduler *scheduler, uint64_t now)
{
    struct deep_sleep *deep_sleep = &scheduler->deep_sleep;
    if (!deep_sleep->next) {
        deep_sleep->next = deep_sleep->members;
        deep_sleep->begun = false;
    }
    look_at_some(deep_sleep);
    if (deep_sleep->next) {
        pthread_mutex_unlock(&scheduler->lock);
        pthread_mutex_lock(&scheduler->lock);
        return;
    }
    deep_sleep->watches = deep_sleep->begun;
    deep_sleep->look_at = deep_sleep->begun ? now + deep_sleep->after : UINT64_MAX;
}

/* --- waking ------------------------------------------------------------------------------------------------------------ */

static void forget(struct process *process, bool restore)
{
    struct deep_sleep *deep_sleep = &process->scheduler->deep_sleep;
    struct saved_state *saved = process->saved;
    pthread_mutex_lock(&deep_sleep->moving);
    if (restore) {
        struct context *context = slot_context(process->slot);
        memcpy(context, saved->context, sizeof saved->context);
        memcpy((void *)context->guest_stack, saved->stack, saved->stack_size);
    }
    process->saved = NULL;
    pthread_mutex_unlock(&deep_sleep->moving);
    atomic_fetch_sub_explicit(&deep_sleep->sleepers, 1, memory_order_relaxed);
    free(saved);
}

void deep_sleep_end(struct process *process)
{
    if (process->saved)
        forget(process, true);
}

void deep_sleep_forget(struct process *process)
{
    if (process->saved)
        forget(process, false);
}
