#include "casts.h"

#include "code_region.h"
#include "image.h"
#include "process.h"

/* Whole pages next to each other, whatever their protection. */
struct mapped_run {
    uint64_t start, size; /* bytes */
};

enum { RUN_COUNT = MOTTE_MAPPED_MAPPING + 1 };

/* As the linker lays out the function table. */
struct table_entry {
    uint64_t code;
    uint32_t class, zero;
};

_Static_assert(sizeof(struct table_entry) == MOTTE_FUNCTION_TABLE_ENTRY_SIZE, "an entry of the function table");

/* The data stack grows when it is touched, so an address inside its limit is as good as mapped.  Like stack_growth.c:
 * not if the guest has changed what lies at the mark. */
static uint32_t end_page(const struct process *process, const struct area *area)
{
    bool grows = area->end == process->data_stack_mapped / MOTTE_PAGE_SIZE && area->protection == WINDOW_READ_WRITE;
    return grows ? process->image->data_stack_top / MOTTE_PAGE_SIZE : area->end;
}

static bool holds(const struct mapped_run *run, uint64_t integer)
{
    return run->size && integer - run->start <= run->size; /* one past the end is a pointer, too */
}

/* Walks the whole list: it is short (MAPPINGS_PER_PROCESS), and the guest remembers what was found. */
static bool find_run(const struct process *process, uint64_t integer, struct mapped_run *run)
{
    const struct area_list *list = &process->window.areas;
    *run = (struct mapped_run){0};
    for (size_t i = 0; i < list->count; i++) {
        const struct area *area = &list->items[i];
        uint64_t low = (uint64_t)area->start * MOTTE_PAGE_SIZE;
        if (low != run->start + run->size) {
            if (holds(run, integer))
                return true;
            run->start = low;
        }
        run->size = (uint64_t)end_page(process, area) * MOTTE_PAGE_SIZE - run->start;
    }
    return holds(run, integer);
}

static void remember(struct process *process, guest_addr runs, const struct mapped_run *run)
{
    unsigned index = run->start <= MOTTE_IMAGE_BASE ? MOTTE_MAPPED_IMAGE
                   : run->start < MOTTE_MAP_BASE    ? MOTTE_MAPPED_HEAP
                                                    : MOTTE_MAPPED_MAPPING;
    process->mapped_runs = runs;
    copy_out(process, (guest_addr){runs.value + index * (uint32_t)sizeof *run}, run, sizeof *run);
}

void casts_forget(struct process *process)
{
    static const struct mapped_run nothing[RUN_COUNT];
    if (process->mapped_runs.value)
        copy_out(process, process->mapped_runs, nothing, sizeof nothing);
}

/* A function pointer is an offset into the table of functions. */
static bool is_function(const struct process *process, uint64_t integer)
{
    const struct motte_claims *claims = &process->region->owned.claims;
    uint64_t table_size = (uint64_t)MOTTE_FUNCTION_TABLE_ENTRY_SIZE << claims->function_table_log2;
    if (integer >= table_size || integer % MOTTE_FUNCTION_TABLE_ENTRY_SIZE != 0)
        return false;
    const struct table_entry *entry = (const void *)((uintptr_t)claims->function_table + integer);
    return entry->class != MOTTE_UNUSED_CLASS;
}

/* void motte_check_pointer(unsigned long integer, int use, struct mapped_run runs[3]) */
int64_t call_check_pointer(struct process *process, const uint64_t arguments[6])
{
    uint64_t integer = arguments[0];
    uint32_t use = (uint32_t)arguments[1];
    struct mapped_run run;
    if (integer == 0)
        return 0;
    if (use != MOTTE_POINTER_CALL && find_run(process, integer, &run)) {
        remember(process, guest_addr_from_register(arguments[2]), &run);
        return 0;
    }
    if (use != MOTTE_POINTER_ACCESS && is_function(process, integer))
        return 0;
    process->place.fault = MOTTE_FAULT_BAD_CAST;
    process->place.has_access = true;
    process->place.access = use == MOTTE_POINTER_CALL ? ACCESS_EXECUTE : ACCESS_READ;
    process->place.address = (int64_t)integer;
    keeping_call_fault(process);
    return 0;
}
