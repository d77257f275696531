#define _GNU_SOURCE
#include "cell_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pool.h"

static uint32_t page_of(const struct cell_memory *memory, uintptr_t address)
{
    return (uint32_t)((address - memory->store.base) / MOTTE_PAGE_SIZE);
}

static uint64_t cell_address(const struct cell_memory *memory, uint32_t page)
{
    return memory->store.base + (uint64_t)page * MOTTE_PAGE_SIZE - memory->displacement;
}

static enum cell_protection protection_of(const struct store_run *run)
{
    return run->access == STORE_READ_WRITE ? CELL_READ_WRITE : CELL_READ;
}

static bool lies_in_slot(const struct cell_memory *memory, uintptr_t address)
{
    return address - memory->store.base < SLOT_SIZE;
}

/* --- telling the cell ----------------------------------------------------------------------------------------------------- */

static void note(struct cell_memory *memory, struct cell_command command)
{
    if (memory->command_count == memory->command_capacity) {
        size_t capacity = 2 * memory->command_capacity + CELL_COMMANDS;
        struct cell_command *commands = realloc(memory->commands, capacity * sizeof *commands);
        if (!commands) {
            memory->broken = true;
            return;
        }
        memory->commands = commands;
        memory->command_capacity = capacity;
    }
    memory->commands[memory->command_count++] = command;
}

/* What is denied is unmapped there: its bytes are in the store. */
static void follow(struct store_follower *follower, uint32_t first, uint32_t end, const struct store_run *run)
{
    struct cell_memory *memory = (struct cell_memory *)follower;
    bool mapped = run && run->access != STORE_DENIED;
    note(memory, (struct cell_command){
                     .kind = mapped ? CELL_MAP : CELL_UNMAP,
                     .protection = mapped ? protection_of(run) : CELL_READ,
                     .address = cell_address(memory, first),
                     .size = (uint64_t)(end - first) * MOTTE_PAGE_SIZE,
                     .offset = mapped ? (uint64_t)run->at * MOTTE_PAGE_SIZE : 0,
                 });
}

/* --- making and ending ------------------------------------------------------------------------------------------------------ */

struct cell_memory *cell_memory_create(struct slot *slot, enum cell_kind kind)
{
    struct cell_memory *memory = calloc(1, sizeof *memory);
    if (!memory || !store_create(&memory->store, slot->base, follow, (struct store_follower *)memory)) {
        free(memory);
        return NULL;
    }
    memory->displacement = kind == CELL_NATIVE ? slot_window(slot) : 0;
    memory->job = (struct cell_job){
        .kind = kind,
        .window = kind == CELL_NATIVE ? 0 : slot_window(slot),
        .gates = kind == CELL_NATIVE ? MOTTE_NATIVE_GATE_BASE : MOTTE_GATE_BASE,
    };
    return memory;
}

void cell_memory_destroy(struct cell_memory *memory)
{
    if (memory->cell)
        cell_end(memory->cell);
    store_destroy(&memory->store);
    free(memory->commands);
    free(memory);
}

/* Of the host's, and of the cell's when it begins. */
static uint32_t file_number(struct cell_memory *memory, int descriptor)
{
    size_t number = 0;
    while (number < memory->file_count && memory->files[number] != descriptor)
        number++;
    if (number == memory->file_count && number < CELL_FILES)
        memory->files[memory->file_count++] = descriptor;
    return (uint32_t)number;
}

bool cell_memory_share(struct cell_memory *memory, uintptr_t low, uintptr_t high, int descriptor, uint64_t offset,
                       enum cell_protection protection)
{
    struct cell_job *job = &memory->job;
    uint32_t file = file_number(memory, descriptor);
    if (job->mapping_count == CELL_MAPPINGS || file == CELL_FILES)
        return false;
    if (lies_in_slot(memory, low))
        memory->shared[memory->shared_count++] = (struct shared_pages){page_of(memory, low), page_of(memory, high)};
    job->mappings[job->mapping_count++] = (struct cell_mapping){
        .address = lies_in_slot(memory, low) ? low - memory->displacement : low,
        .size = high - low,
        .offset = offset,
        .file = file,
        .protection = protection,
    };
    return true;
}

bool cell_memory_begin(struct cell_memory *memory, const char **problem)
{
    memory->cell = cell_take(problem);
    if (!memory->cell)
        return false;
    *problem = "the separate process for a guest could not be given its work";
    return cell_begin(memory->cell, &memory->job, memory->store.descriptor, memory->files, memory->file_count);
}

/* --- as in slot.h ------------------------------------------------------------------------------------------------------------ */

static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* [first, end) is not a file's any more. */
static void forget_shared(struct cell_memory *memory, uint32_t first, uint32_t end)
{
    for (size_t i = memory->shared_count; i-- > 0;) {
        struct shared_pages pages = memory->shared[i];
        if (pages.end <= first || pages.first >= end)
            continue;
        memory->shared[i] = memory->shared[--memory->shared_count];
        if (memory->shared_count + 2 > CELL_SHARED) {
            memory->broken = true;
            return;
        }
        if (pages.first < first)
            memory->shared[memory->shared_count++] = (struct shared_pages){pages.first, first};
        if (end < pages.end)
            memory->shared[memory->shared_count++] = (struct shared_pages){end, pages.end};
    }
}

/* A page with the file's bytes, which nobody has ever been able to write to. */
static bool adopt_page(struct cell_memory *memory, uint32_t page, enum store_access access)
{
    unsigned char bytes[MOTTE_PAGE_SIZE];
    void *here = (void *)(memory->store.base + (uint64_t)page * MOTTE_PAGE_SIZE);
    if (mprotect(here, sizeof bytes, PROT_READ) != 0)
        return false;
    memcpy(bytes, here, sizeof bytes);
    if (!store_open(&memory->store, page, page + 1, STORE_READ_WRITE))
        return false;
    memcpy(here, bytes, sizeof bytes);
    return store_open(&memory->store, page, page + 1, access);
}

static bool adopt(struct cell_memory *memory, uint32_t first, uint32_t end, enum store_access access)
{
    for (size_t i = 0; i < memory->shared_count; i++) {
        struct shared_pages pages = memory->shared[i];
        for (uint32_t page = later(first, pages.first); page < sooner(end, pages.end); page++)
            if (!adopt_page(memory, page, access))
                return false;
    }
    forget_shared(memory, first, end);
    return !memory->broken;
}

bool cell_memory_open(struct cell_memory *memory, uintptr_t low, uintptr_t high, bool writable)
{
    uint32_t first = page_of(memory, low), end = page_of(memory, high);
    enum store_access access = writable ? STORE_READ_WRITE : STORE_READ;
    return adopt(memory, first, end, access) && store_open(&memory->store, first, end, access);
}

/* A file's pages, too. */
bool cell_memory_deny(struct cell_memory *memory, uintptr_t low, uintptr_t high)
{
    uint32_t first = page_of(memory, low), end = page_of(memory, high);
    if (!store_deny(&memory->store, first, end) || mprotect((void *)low, high - low, PROT_NONE) != 0)
        return false;
    follow((struct store_follower *)memory, first, end, NULL);
    return true;
}

bool cell_memory_discard(struct cell_memory *memory, uintptr_t low, uintptr_t high)
{
    return store_clear(&memory->store, page_of(memory, low), page_of(memory, high));
}

bool cell_memory_replace(struct cell_memory *memory, uintptr_t low, uintptr_t high)
{
    if (!store_drop(&memory->store, page_of(memory, low), page_of(memory, high))) {
        memory->broken = true;
        return false;
    }
    forget_shared(memory, page_of(memory, low), page_of(memory, high));
    if (mmap((void *)low, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != (void *)low
        || !slot_advise((void *)low, high - low))
        return false;
    follow((struct store_follower *)memory, page_of(memory, low), page_of(memory, high), NULL);
    return true;
}

bool cell_memory_take_in(struct cell_memory *memory, uintptr_t low, uintptr_t high, void *from, bool writable)
{
    uint32_t first = page_of(memory, low), end = page_of(memory, high);
    if (!store_open(&memory->store, first, end, STORE_READ_WRITE))
        return false;
    memcpy((void *)low, from, high - low);
    return writable || store_open(&memory->store, first, end, STORE_READ);
}

bool cell_memory_hand_out(struct cell_memory *memory, uintptr_t low, uintptr_t high, void *to)
{
    if (!store_open(&memory->store, page_of(memory, low), page_of(memory, high), STORE_READ_WRITE))
        return false;
    memcpy(to, (const void *)low, high - low);
    return cell_memory_replace(memory, low, high);
}
