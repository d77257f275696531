#include "host_functions.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "context.h"
#include "guest_memory.h"
#include "host_memory.h"
#include "ipc/transfer.h"
#include "keeping.h"
#include "lifecycle.h"
#include "process.h"
#include "scheduler.h"
#include "slot.h"
#include "visit.h"

bool (*host_function_invoke)(void *opaque, struct process *process, const uint64_t *words, uint64_t *result);

/* --- granting ---------------------------------------------------------------------------------------------------------- */

static int32_t find(const struct process *process, const char *name)
{
    const struct host_functions *host = process->host;
    for (uint32_t i = 0; host && i < host->count; i++)
        if (strcmp(host->functions[i].name, name) == 0)
            return (int32_t)i;
    return -1;
}

int host_functions_grant(struct process *process, const char *name, uint32_t words, void *opaque)
{
    size_t length = strlen(name);
    if (!length || length >= MOTTE_GRANT_NAME || words > HOST_WORDS)
        return -EINVAL;
    if (find(process, name) >= 0)
        return -EEXIST;
    if (!process->host)
        process->host = host_memory_allocate(process, sizeof *process->host);
    struct host_functions *host = process->host;
    if (!host || host->count == HOST_FUNCTIONS_LIMIT)
        return -ENOMEM;
    const size_t size = sizeof *host->functions;
    struct host_function *functions =
        host_memory_resize(process, host->functions, host->count * size, (host->count + 1) * size);
    if (!functions)
        return -ENOMEM;
    host->functions = functions;
    struct host_function *new = &functions[host->count++];
    memcpy(new->name, name, length + 1);
    new->words = words;
    new->opaque = opaque;
    return 0;
}

void host_functions_free(struct process *process)
{
    struct host_functions *host = process->host;
    if (!host)
        return;
    host_memory_free(process, host->functions, host->count * sizeof *host->functions);
    host_memory_free(process, host, sizeof *host);
    process->host = NULL;
}

/* --- for a process without a caller -------------------------------------------------------------------------------------- */

/* Whoever takes it is the one; the process is not given back meanwhile. */
static bool take(struct process *process, uint64_t words[HOST_WORDS])
{
    struct host_functions *host = process->host;
    pthread_mutex_lock(&process->scheduler->lock);
    bool mine = host && !process->call_depth && atomic_load(&process->state) == PROCESS_OUTSIDE && host->pending;
    if (mine) {
        host->pending = false;
        process->holders++;
        memcpy(words, host->words, sizeof host->words);
    }
    pthread_mutex_unlock(&process->scheduler->lock);
    return mine;
}

void host_functions_charge(struct process *process, uint64_t since_ticks)
{
    pthread_mutex_lock(&process->scheduler->lock);
    uint64_t now = ticks_now();
    if (runnable_charge(&process->runnable, now, now - since_ticks) == RUNNABLE_EXHAUSTED)
        process_end_for(process, MOTTE_STOP_CPU_LIMIT, 0);
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
}

bool host_functions_serve(struct process *process)
{
    uint64_t words[HOST_WORDS], result = 0;
    if (!take(process, words))
        return true;
    uint64_t start = ticks_now();
    bool fine = host_function_invoke(process->host->function->opaque, process, words, &result);
    host_functions_charge(process, start);
    pthread_mutex_lock(&process->scheduler->lock);
    if (atomic_load(&process->state) == PROCESS_OUTSIDE) {
        slot_context(process->slot)->result = (int64_t)result;
        if (fine) {
            scheduler_ready(process);
            schedule(process->scheduler, NULL);
        } else {
            process_end_for(process, MOTTE_STOP_KILLED, 0);
        }
    }
    if (--process->holders == 0)
        pthread_cond_broadcast(&process->scheduler->released);
    ipc_settle(process->scheduler);
    pthread_mutex_unlock(&process->scheduler->lock);
    return fine;
}

/* --- the kernel calls --------------------------------------------------------------------------------------------------- */

/* int motte_host_find(const char *name): a number greater than 0, or -ENOENT. */
int64_t call_host_find(struct process *process, const uint64_t arguments[6])
{
    char name[MOTTE_GRANT_NAME];
    size_t length;
    switch (copy_in_string(process, name, guest_addr_from_register(arguments[0]), sizeof name, &length)) {
    case STRING_COPIED:
        return find(process, name) >= 0 ? find(process, name) + 1 : -ENOENT;
    case STRING_TOO_LONG:
        return -ENOENT;
    default:
        return -EFAULT;
    }
}

static int64_t misuse(struct process *process)
{
    process->place.fault = MOTTE_FAULT_KERNEL_CALL_MISUSE;
    process->place.has_access = false;
    keeping_call_fault(process);
    return 0;
}

/* The words are in registers, or, if there are more than so many, where the first of these says. */
static bool take_words(struct process *process, uint32_t count, const uint64_t arguments[6])
{
    enum { IN_REGISTERS = 5 };
    uint64_t *words = process->host->words;
    if (count > IN_REGISTERS)
        return copy_in(process, words, guest_addr_from_register(arguments[1]), count * sizeof *words);
    memcpy(words, arguments + 1, IN_REGISTERS * sizeof *words);
    return true;
}

/* long motte_host_call(unsigned long function | number of words << 32, ...): what the function returns. A function that was
 * not granted, or takes another number of words, is a fault of the guest's. */
int64_t call_host_call(struct process *process, const uint64_t arguments[6])
{
    struct host_functions *host = process->host;
    uint32_t claimed_function = (uint32_t)arguments[0], claimed_words = (uint32_t)(arguments[0] >> 32);
    if (!host || claimed_function - 1 >= host->count || host->functions[claimed_function - 1].words != claimed_words
        || !take_words(process, claimed_words, arguments))
        return misuse(process);
    host->function = &host->functions[claimed_function - 1];
    if (process->visited)
        return visit_host_call(process);
    host->pending = true;
    process_set_attention(process, true);
    return 0;
}
