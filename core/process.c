#include "process.h"

#include <stdlib.h>

#include "bank.h"
#include "code_region.h"
#include "context.h"
#include "host_memory.h"
#include "image.h"
#include "scheduler.h"
#include "slot.h"

_Static_assert(offsetof(struct process, attention) == PROCESS_ATTENTION, "context_offsets.h");

/* --- stopping ---------------------------------------------------------------------------------------------------- */

bool process_stop(struct process *process, enum motte_stop reason, int32_t value)
{
    /* R6 */
    uint64_t none = 0, request = (uint64_t)reason << 32 | (uint32_t)value;
    bool first = atomic_compare_exchange_strong(&process->stop_request, &none, request);
    atomic_store(&process->stop_flag, 1);
    atomic_store(&process->attention, 1);
    return first;
}

/* The shown order is that of StopRecord; the flags are the arithmetic ones, for the rest is the host's business. */
void process_note_place(struct process *process)
{
    static const unsigned char order[SHOWN_REGISTERS - 1] = {0, 3, 1, 2, 6, 7, 5, 8, 9, 10, 11, 12, 13, 14, 15};
    const struct context *context = slot_context(process->slot);
    struct stop_place *place = &process->place;
    /* One that never ran has no context yet; one that sleeps deeply is in a gate. */
    place->in_guest = process->started_ns && !process->saved && context->resume == RESUME_AT_INSTRUCTION;
    if (!place->in_guest)
        return;
    place->code_offset = context->instruction - process->region->base;
    place->stack = context->registers[REGISTER_STACK];
    for (int i = 0; i < SHOWN_REGISTERS - 1; i++)
        place->registers[i] = context->registers[order[i]];
    place->registers[SHOWN_REGISTERS - 1] = context->flags & ARITHMETIC_FLAGS;
}

/* --- charges ----------------------------------------------------------------------------------------------------- */

static void count_pages(struct process *process, uint64_t pages)
{
    uint64_t now = atomic_fetch_add(&process->pages, pages) + pages;
    if (now > atomic_load(&process->peak_pages))
        atomic_store(&process->peak_pages, now); /* only the process's own worker charges */
}

/* What a bank has said, to the keepers. */
static bool note_charge(struct process *process, bool charged, struct bank *refused, uint64_t pages)
{
    if (charged) {
        keeping_charged(process);
    } else {
        keeping_refused(process, refused, pages);
        bank_release(refused);
    }
    return charged;
}

static bool charge_leaving(struct process *process, uint64_t pages, uint64_t left)
{
    struct bank *refused = NULL;
    bool charged = bank_charge_leaving(process->bank, pages, left, &refused);
    if (!note_charge(process, charged, refused, pages + left))
        return false;
    count_pages(process, pages);
    return true;
}

bool process_charge(struct process *process, uint64_t pages)
{
    return charge_leaving(process, pages, 0);
}

bool process_charge_asked(struct process *process, uint64_t pages)
{
    return charge_leaving(process, pages, LEFT_TO_STACKS);
}

void process_refund(struct process *process, uint64_t pages)
{
    atomic_fetch_sub(&process->pages, pages);
    bank_refund(process->bank, pages);
}

void process_take_over(struct process *process, uint64_t pages)
{
    count_pages(process, pages);
}

void process_hand_over(struct process *process, uint64_t pages)
{
    atomic_fetch_sub(&process->pages, pages);
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + MOTTE_PAGE_SIZE - 1) / MOTTE_PAGE_SIZE;
}

bool process_charge_bytes(struct process *process, uint64_t bytes)
{
    struct bank *refused = NULL;
    bool charged = bank_charge_bytes(process->bank, bytes, &refused);
    if (!note_charge(process, charged, refused, pages_of(bytes)))
        return false;
    count_pages(process, pages_of(process->host_bytes + bytes) - pages_of(process->host_bytes));
    process->host_bytes += bytes;
    return true;
}

void process_refund_bytes(struct process *process, uint64_t bytes)
{
    if (process->gives_all_back)
        return;
    uint64_t before = process->host_bytes;
    process->host_bytes -= bytes;
    atomic_fetch_sub(&process->pages, pages_of(before) - pages_of(process->host_bytes));
    bank_refund_bytes(process->bank, bytes);
}

/* A process that has no more than its image has no list of its own. */
static bool charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages, uint64_t left)
{
    uintptr_t base = process->slot->base;
    struct page_tables *own = process->page_tables;
    struct page_tables tables = own ? *own : page_tables_moved(&process->image->page_tables, base);
    uint64_t missing = page_tables_missing(&tables, low - base, high - base);
    if (missing && !own)
        own = host_memory_allocate(process, sizeof *own);
    if (missing && !own)
        return false;
    if (pages + missing && !charge_leaving(process, pages + missing, left)) {
        if (!process->page_tables)
            host_memory_free(process, own, sizeof *own);
        return false;
    }
    if (missing) {
        page_tables_add(&tables, low - base, high - base);
        *own = tables;
        process->page_tables = own;
    }
    return true;
}

bool process_charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages)
{
    return charge_range(process, low, high, pages, 0);
}

bool process_charge_mapping(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages)
{
    return charge_range(process, low, high, pages, LEFT_TO_STACKS);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

bool process_is_here(const struct process *process)
{
    return process->fork_generation == slot_fork_generation();
}

void process_retain(struct process *process)
{
    atomic_fetch_add(&process->references, 1);
}

void process_release(struct process *process)
{
    if (atomic_fetch_sub(&process->references, 1) != 1)
        return;
    scheduler_release(process->scheduler);
    free(process);
}
