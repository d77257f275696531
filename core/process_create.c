#include "process_create.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "code_region.h"
#include "context.h"
#include "gates.h"
#include "host_mappings.h"
#include "host_memory.h"
#include "initial_block.h"
#include "lifecycle.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"
#include "slot.h"
#include "stack_growth.h"

/* --- build: each step undone by process_close ------------------------------------------------------------------- */

static int open_front(struct process *process)
{
    struct slot *slot = process->slot;
    uintptr_t top = slot_stack_top(slot), low = top - STACK_STEP;
    uint64_t pages = (STACK_STEP + CONTEXT_SIZE) / MOTTE_PAGE_SIZE + PAGE_TABLES_FIXED;
    if (!host_memory_charge(process, sizeof *process) || !process_charge_range(process, low, slot_window(slot), pages))
        return -ENOMEM;
    if (!slot_open_front(slot, STACK_STEP))
        return -EAGAIN;
    process->native_stack_low = low;
    /* The entry function's return address. */
    *(uint64_t *)(top - sizeof(uint64_t)) = ENTRY_RETURN_GATE;
    return 0;
}

static int load_segment(struct process *process, const struct segment *segment)
{
    guest_addr start = {(uint32_t)segment->address};
    uint64_t pages = pages_for(segment->memory_size);
    int result = window_map(process, start, pages, WINDOW_READ_WRITE);
    if (result < 0)
        return result;
    if (!copy_out(process, start, segment->contents.bytes, segment->contents.size))
        return -EFAULT;
    return segment->writable ? 0 : window_protect(process, start, pages, WINDOW_READ);
}

/* What a process can know about itself without asking. */
struct information {
    uint64_t version;
    uint64_t page_size;
    uint64_t data_stack_low, data_stack_high;
    uint64_t heap_end;
};

static int load_information(struct process *process, const struct process_options *options)
{
    const struct information information = {
        .version = 1,
        .page_size = MOTTE_PAGE_SIZE,
        .data_stack_low = options->data_stack_low,
        .data_stack_high = options->data_stack_low + options->data_stack_size,
        .heap_end = MOTTE_HEAP_END,
    };
    const struct segment page = {
        .address = MOTTE_INFORMATION_PAGE,
        .contents = {(const char *)&information, sizeof information},
        .memory_size = MOTTE_PAGE_SIZE,
    };
    return load_segment(process, &page);
}

static int set_variable(struct process *process, uint64_t address, uint64_t value)
{
    if (address == 0)
        return 0;
    bool set = address < MOTTE_WINDOW_SIZE && copy_out(process, (guest_addr){(uint32_t)address}, &value, sizeof value);
    return set ? 0 : -EINVAL;
}

static int load_data_stack(struct process *process, const struct process_options *options)
{
    uint32_t low = (uint32_t)options->data_stack_low, top = low + (uint32_t)options->data_stack_size;
    process->data_stack_limit = low;
    process->data_stack_mapped = top;
    process->window.reserved_low = low - (uint32_t)MOTTE_DATA_STACK_GAP;
    process->window.reserved_high = top;

    uint64_t block = initial_block_size(options), wanted = pages_for(block + STACK_STEP) * MOTTE_PAGE_SIZE;
    if (block > options->data_stack_size / 2)
        return -E2BIG;
    uint32_t mapped = (uint32_t)(wanted < options->data_stack_size ? wanted : options->data_stack_size);
    process->window.reserved_high = process->data_stack_mapped = top - mapped;
    int result = window_map(process, (guest_addr){top - mapped}, mapped / MOTTE_PAGE_SIZE, WINDOW_READ_WRITE);
    if (result == 0)
        result = initial_block_write(process, options, top, &process->initial_block);
    if (result == 0)
        result = set_variable(process, options->data_stack_pointer_variable, process->initial_block.value);
    if (result == 0)
        result = set_variable(process, options->data_stack_limit_variable, low);
    return result;
}

static int build(struct process *process, const struct process_options *options, const char **problem)
{
    int result = open_front(process);
    *problem = "the memory limit does not cover the program's image and stacks";
    if (result == 0)
        result = load_information(process, options);
    for (size_t i = 0; result == 0 && i < options->segment_count; i++)
        result = load_segment(process, &options->segments[i]);
    if (result == 0)
        result = load_data_stack(process, options);
    if (result == -E2BIG)
        *problem = "the arguments and the environment take more than half of the data stack";
    if (result == -EINVAL)
        *problem = "a data stack variable does not lie in a writable segment";
    if (result < 0)
        return result;
    struct personality_options personality = options->personality;
    personality.initial_break = (guest_addr){(uint32_t)(options->data_stack_low + options->data_stack_size)};
    result = personality_create(process, &personality);
    if (result < 0 && result != -ENOMEM)
        *problem = "the streams and directories could not be set up";
    return result;
}

static struct process *allocate(const struct process_options *options)
{
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return NULL;
    if (!host_mappings_charge(MAPPINGS_PER_SLOT) || !(process->slot = slot_acquire())) {
        free(process);
        return NULL;
    }
    if (!scheduler_admit(options->scheduler, process, options->meter, options->cpu_limit_ns)) {
        slot_release(process->slot);
        free(process);
        return NULL;
    }
    atomic_init(&process->references, 1);
    process->region = options->region;
    process->bank = options->bank;
    code_region_retain(process->region);
    bank_retain(process->bank);
    process->entry_address = options->region->base + options->entry;
    process->wall_limit_ns = options->wall_limit_ns;
    process->native_stack_size = (uint32_t)options->native_stack_size;
    process->fork_generation = slot_fork_generation();
    return process;
}

/* It starts as if it had been interrupted before its entry function's first instruction. */
static void prepare_context(struct process *process)
{
    struct context *context = slot_context(process->slot);
    const uint32_t mxcsr = GUEST_MXCSR;
    context->process = process;
    context->guest_mxcsr = GUEST_MXCSR;
    context->resume = RESUME_AT_INSTRUCTION;
    context->guest_stack = slot_stack_top(process->slot) - sizeof(uint64_t);
    context->registers[REGISTER_STACK] = context->guest_stack;
    context->registers[REGISTER_ARGUMENT] = process->initial_block.value;
    context->instruction = process->entry_address;
    memcpy(context->vectors + MXCSR_IN_VECTORS, &mxcsr, sizeof mxcsr);
}

int process_create(const struct process_options *options, struct process **created, const char **problem)
{
    *problem = process_options_check(options);
    if (*problem)
        return -EINVAL;
    *problem = "the signal handlers cannot be installed";
    if (!signals_install())
        return -EAGAIN;
    *problem = "the host has no address space, memory or mappings for another process";
    struct process *process = allocate(options);
    if (!process)
        return -EAGAIN;
    int result = build(process, options, problem);
    if (result == 0)
        prepare_context(process);
    if (result < 0) {
        process_close(process);
        process_release(process);
        return result;
    }
    *created = process;
    return 0;
}

/* --- take apart -------------------------------------------------------------------------------------------------- */

/* In a forked child there is neither a worker to wait for nor a slot to clean: the structure is all that was copied.
 *
 * Otherwise the order matters: the process's end first, for its worker uses everything; then the personality, which may still hold
 * charges; the slot; and the charges only when the pages are gone. */
void process_close(struct process *process)
{
    if (!process_is_here(process))
        return;
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    bool first = !process->closed;
    process->closed = true;
    process_end_for(process, MOTTE_STOP_KILLED);
    pthread_mutex_unlock(&scheduler->lock);
    if (!first)
        return;
    while (process_wait(process, deadline_after(UINT64_MAX)) != 1) {
    }
    scheduler_dismiss(process);
    personality_destroy(process);
    window_clear(&process->window);
    slot_release(process->slot);
    host_mappings_refund(MAPPINGS_PER_SLOT);
    process_refund(process, atomic_load(&process->pages));
    bank_release(process->bank);
    code_region_release(process->region);
}
