#include "process.h"

#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "code_region.h"
#include "context.h"
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

bool process_stop_requested(const struct process *process)
{
    return atomic_load(&process->stop_flag) != 0;
}

/* The shown order is that of StopRecord; the flags are the arithmetic ones, for the rest is the host's business. */
void process_note_place(struct process *process)
{
    static const unsigned char order[SHOWN_REGISTERS - 1] = {0, 3, 1, 2, 6, 7, 5, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint64_t arithmetic_flags = 0x8d5; /* CF PF AF ZF SF OF */
    const struct context *context = slot_context(process->slot);
    struct stop_place *place = &process->place;
    place->in_guest = process->started_ns && context->resume == RESUME_AT_INSTRUCTION; /* else: no context yet */
    if (!place->in_guest)
        return;
    place->code_offset = context->instruction - process->region->base;
    place->stack = context->registers[REGISTER_STACK];
    for (int i = 0; i < SHOWN_REGISTERS - 1; i++)
        place->registers[i] = context->registers[order[i]];
    place->registers[SHOWN_REGISTERS - 1] = context->flags & arithmetic_flags;
}

/* --- charges ----------------------------------------------------------------------------------------------------- */

bool process_charge(struct process *process, uint64_t pages)
{
    struct bank *refused = NULL;
    if (!bank_charge(process->bank, pages, &refused)) {
        keeping_refused(process, refused, pages);
        bank_release(refused);
        return false;
    }
    keeping_charged(&process->question);
    uint64_t now = atomic_fetch_add(&process->pages, pages) + pages;
    if (now > atomic_load(&process->peak_pages))
        atomic_store(&process->peak_pages, now); /* only the process's own worker charges */
    return true;
}

void process_refund(struct process *process, uint64_t pages)
{
    atomic_fetch_sub(&process->pages, pages);
    bank_refund(process->bank, pages);
}

bool process_charge_range(struct process *process, uintptr_t low, uintptr_t high, uint64_t pages)
{
    uintptr_t base = process->slot->base;
    uint64_t tables = page_tables_missing(&process->page_tables, low - base, high - base);
    if (!process_charge(process, pages + tables))
        return false;
    page_tables_add(&process->page_tables, low - base, high - base);
    return true;
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
