#include "process_create.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "cells/cell_image.h"
#include "cells/cell_memory.h"
#include "code_region.h"
#include "context.h"
#include "exchange/block.h"
#include "exchange/reaches.h"
#include "gates.h"
#include "host_functions.h"
#include "host_memory.h"
#include "image_slots.h"
#include "initial_block.h"
#include "ipc/process_ipc.h"
#include "ipc/transfer.h"
#include "lifecycle.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"

/* --- build: each step undone by process_close ------------------------------------------------------------------- */

static const char *check(const struct process_options *options)
{
    enum { HOLDER_BYTES_MAXIMUM = 1 << 20 };
    uint64_t native = options->native_stack_size;
    if (code_region_is_foreign(options->image->region) && !options->in_cell)
        return "code that was not verified runs in an OS process of its own, and nowhere else";
    if (options->image->region->owned.claims.reaches_blocks && options->in_cell)
        return "a program that reaches checked blocks does not run in an OS process of its own";
    if (native % MOTTE_PAGE_SIZE || native < NATIVE_STACK_MINIMUM || native > NATIVE_STACK_MAXIMUM)
        return "the native stack's size is not whole pages, or out of range";
    if (options->holder_bytes > HOLDER_BYTES_MAXIMUM)
        return "nobody spends so many bytes on holding a process";
    return NULL;
}

/* Bytes that a process takes besides its structure: places in its scheduler's tables, the object that holds it. */
enum { ELSEWHERE = 192 };

/* Of a process in a cell: its native stack's first page, the control pages, and what Linux spends on an OS process. */
enum { CELL_PAGES = 1 + 2 + 48 };

/* What the slot came with: its front, the image's writable pages, the data stack's own, and the tables. */
static int charge_slot(struct process *process, uint64_t holder_bytes)
{
    enum { FRONT = 1 };
    const struct image *image = process->image;
    uint64_t data_stack = (image->data_stack_mapped - image->data_stack_first) / MOTTE_PAGE_SIZE;
    struct page_tables tables = page_tables_moved(&image->page_tables, process->slot->base);
    if (!host_memory_charge(process, sizeof *process + ELSEWHERE + holder_bytes)
        || !process_charge(process, FRONT + (process->slot->cell ? CELL_PAGES : 0) + data_stack + image->writable_pages + page_tables_count(&tables))
        || !window_begin(process, image->part_count + 3))
        return -ENOMEM;
    return 0;
}

/* The native stack is at the upper end of what is the data stack for others; its code is not to be mapped over. */
static void describe_native(struct process *process)
{
    const uint32_t first = MOTTE_NATIVE_CODE_BASE / MOTTE_PAGE_SIZE, end = MOTTE_HEAP_END / MOTTE_PAGE_SIZE;
    struct window *window = &process->window;
    uint64_t room = process->image->data_stack_top - process->data_stack_mapped;
    process->native_stack_size = (uint32_t)(room - room % MOTTE_PAGE_SIZE - 2 * MOTTE_PAGE_SIZE);
    window->areas.items[window->areas.count++] = (struct area){first, end, WINDOW_NO_ACCESS, false};
}

static void describe_window(struct process *process)
{
    const struct image *image = process->image;
    struct window *window = &process->window;
    window->areas.count = image_areas(image, window->areas.items);
    window->initial_areas = (uint32_t)window->areas.count;
    window->image_end = image->parts[image->part_count - 1].end * (uint32_t)MOTTE_PAGE_SIZE;
    window->reserved_low = image->data_stack_mapped;
    window->reserved_high = image->data_stack_top + (uint32_t)MOTTE_DATA_STACK_GAP;
    process->data_stack_mapped = image->data_stack_mapped;
    if (code_region_is_foreign(process->region))
        describe_native(process);
    process->native_stack_low = slot_first_stack_page(process->slot);
}

/* A block that needs more than is mapped of the data stack has it opened as far as it reaches. */
static int write_block(struct process *process, const struct process_options *options)
{
    uint32_t top = process->image->data_stack_top, low = process->image->data_stack_low;
    uint64_t size = initial_block_size(options);
    if (size > (top - low) / 2)
        return -E2BIG;
    uint32_t end = (uint32_t)(pages_for(low + size) * MOTTE_PAGE_SIZE);
    if (end > process->data_stack_mapped) {
        uintptr_t window = slot_window(process->slot);
        uint32_t pages = (end - process->data_stack_mapped) / (uint32_t)MOTTE_PAGE_SIZE;
        if (!process_charge_range(process, window + process->data_stack_mapped, window + end, pages))
            return -ENOMEM;
        if (!slot_open(process->slot, window + process->data_stack_mapped, window + end, true)) {
            process_refund(process, pages);
            return -EAGAIN;
        }
        process->data_stack_mapped = process->window.reserved_low = end;
        process->window.areas.items[process->window.areas.count - 1].end = end / MOTTE_PAGE_SIZE;
    }
    return initial_block_write(process, options, (guest_addr){low});
}

static int write_variables(struct process *process, const struct process_options *options)
{
    const struct image *image = process->image;
    uint64_t pointer = image->data_stack_low + initial_block_size(options), limit = image->data_stack_top;
    bool set = !image->pointer_variable
            || copy_out(process, (guest_addr){image->pointer_variable}, &pointer, sizeof pointer);
    if (set && image->limit_variable)
        set = copy_out(process, (guest_addr){image->limit_variable}, &limit, sizeof limit);
    return set ? 0 : -EFAULT;
}

static int build(struct process *process, const struct process_options *options, const char **problem)
{
    *problem = "the memory limit does not cover the program's image and stacks";
    int result = charge_slot(process, options->holder_bytes);
    if (result < 0)
        return result;
    describe_window(process);
    result = write_block(process, options);
    if (result == 0)
        result = write_variables(process, options);
    if (result == -E2BIG)
        *problem = "the arguments and the environment take more than half of the data stack";
    if (result < 0)
        return result;
    /* The entry function's return address. */
    uint64_t entry_return = process->region->owned.claims.reaches_blocks ? REACHING_ENTRY_RETURN_GATE : ENTRY_RETURN_GATE;
    *(uint64_t *)(slot_stack_top(process->slot) - sizeof(uint64_t)) = gate_at(process->slot, entry_return);
    struct personality_options personality = options->personality;
    personality.initial_break = (guest_addr){process->window.reserved_high};
    result = personality_create(process, &personality);
    if (result < 0 && result != -ENOMEM)
        *problem = "the streams and directories could not be set up";
    return result;
}

static struct process *allocate(const struct process_options *options, const char **problem)
{
    if (options->image->region->owned.claims.reaches_blocks && !reaches_reserve())
        return NULL;
    struct process *process = host_memory_zeroed(sizeof *process);
    if (!process)
        return NULL;
    process->slot = options->in_cell ? image_take_cell_slot(options->image, problem) : image_take_slot(options->image);
    if (!process->slot) {
        free(process);
        return NULL;
    }
    if (!scheduler_admit(options->scheduler, process, options->meter, options->cpu_limit_ns)) {
        image_return_slot(options->image, process->slot);
        free(process);
        return NULL;
    }
    atomic_init(&process->references, 1);
    process->image = options->image;
    process->region = options->image->region;
    process->bank = options->bank;
    image_retain(process->image);
    bank_retain(process->bank);
    process->entry_address = options->image->entry_address;
    process->wall_limit_ns = options->wall_limit_ns;
    process->native_stack_size = (uint32_t)options->native_stack_size;
    process->fork_generation = slot_fork_generation();
    process->sources = options->sources;
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
    context->reaches = process->region->owned.claims.reaches_blocks;
    context->reach = reach_base(0);
    context->guest_stack = slot_stack_top(process->slot) - sizeof(uint64_t);
    context->registers[REGISTER_STACK] = context->guest_stack;
    context->registers[REGISTER_ARGUMENT] = process->image->data_stack_low;
    context->instruction = process->entry_address;
    memcpy(context->vectors + MXCSR_IN_VECTORS, &mxcsr, sizeof mxcsr);
}

int process_create(const struct process_options *options, struct process **created, const char **problem)
{
    *problem = check(options);
    if (*problem)
        return -EINVAL;
    *problem = "the host has no address space, memory or mappings for another process";
    struct process *process = allocate(options, problem);
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
 * Otherwise the order matters: the process's end first, for its worker uses everything; then the personality, which may
 * still hold charges; the slot; and the charges only when the pages are gone. */
void process_close(struct process *process)
{
    if (!process_is_here(process))
        return;
    struct scheduler *scheduler = process->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    bool first = !process->closed;
    process->closed = true;
    process_end_for(process, MOTTE_STOP_KILLED, 0);
    ipc_settle(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    if (!first)
        return;
    while (process_wait(process, deadline_after(UINT64_MAX)) != 1) {
    }
    scheduler_dismiss(process);
    process->gives_all_back = true;
    personality_destroy(process);
    ipc_free(process);
    host_functions_free(process);
    deep_sleep_forget(process);
    image_give_slot_back(process->image, process);
    blocks_bury();
    window_clear(process);
    host_memory_free(process, process->page_tables, sizeof *process->page_tables);
    process->gives_all_back = false;
    process_refund_bytes(process, process->host_bytes);
    process_refund(process, atomic_load(&process->pages));
    bank_release(process->bank);
    image_release(process->image);
}
