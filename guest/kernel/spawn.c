/*
 * A message carries four capabilities, and a process may be granted more: what does not fit comes in messages of its own,
 * before the process starts.
 */
#include <stdlib.h>
#include <string.h>
#include "request.h"

struct order {
    struct motte_spawn_request *request; /* and its strings */
    unsigned size;
    int capabilities[MOTTE_MESSAGE_CAPABILITIES];
    unsigned capability_count;
};

static unsigned count_strings(const char *const *strings, size_t *size)
{
    unsigned count = 0;
    for (; strings && strings[count]; count++)
        *size += strlen(strings[count]) + 1;
    return count;
}

static void append(struct order *order, const char *string)
{
    size_t size = strlen(string) + 1;
    memcpy((char *)order->request + order->size, string, size);
    order->size += size;
}

static void announce(struct order *order, unsigned flag, int capability)
{
    if (!capability)
        return;
    order->request->flags |= flag;
    order->capabilities[order->capability_count++] = capability;
}

/* How many grants go along. */
static unsigned fill(struct order *order, const struct motte_spawn_options *options)
{
    struct motte_spawn_request *request = order->request;
    announce(order, MOTTE_SPAWN_BANK, options->bank);
    announce(order, MOTTE_SPAWN_METER, options->meter);
    announce(order, MOTTE_SPAWN_KEEPER, options->keeper);
    request->cpu_time = options->cpu_time;
    for (unsigned i = 0; i < request->arguments; i++)
        append(order, options->arguments[i]);
    for (unsigned i = 0; i < request->variables; i++)
        append(order, options->variables[i]);
    while (request->grants < options->grant_count && order->capability_count < MOTTE_MESSAGE_CAPABILITIES) {
        const struct motte_named *grant = &options->grants[request->grants++];
        order->capabilities[order->capability_count++] = grant->capability;
        append(order, grant->name);
    }
    if (!options->suspended && request->grants == options->grant_count)
        request->flags |= MOTTE_SPAWN_START;
    if (options->output)
        request->flags |= MOTTE_SPAWN_OUTPUT;
    return request->grants;
}

static int give_up(int process, int error)
{
    motte_kill(process);
    motte_cap_drop(process);
    return error;
}

static int send_order(int program, const struct order *order)
{
    struct request call = {
        .bytes = order->request,
        .size = order->size,
        .capabilities = order->capabilities,
        .capability_count = order->capability_count,
        .handles = 1,
        .timeout = -1,
    };
    return __motte_request(program, MOTTE_PROGRAM_SPAWN, &call);
}

int motte_spawn(int program, const struct motte_spawn_options *options)
{
    static const struct motte_spawn_options nothing;
    struct order order = {.size = sizeof *order.request};
    size_t size = sizeof *order.request;
    if (!options)
        options = &nothing;
    unsigned arguments = count_strings(options->arguments, &size);
    unsigned variables = count_strings(options->variables, &size);
    for (unsigned i = 0; i < options->grant_count && i < MOTTE_MESSAGE_CAPABILITIES; i++)
        size += strlen(options->grants[i].name) + 1;
    if (size > MOTTE_MESSAGE_BYTES)
        return -MOTTE_REQUEST_ERROR;
    order.request = calloc(1, size);
    if (!order.request)
        return -MOTTE_LIMIT_REACHED;
    order.request->arguments = arguments;
    order.request->variables = variables;
    unsigned granted = fill(&order, options);
    int process = send_order(program, &order);
    free(order.request);
    if (process < 0 || granted == options->grant_count)
        return process;
    for (; granted < options->grant_count; granted++) {
        const struct motte_named *grant = &options->grants[granted];
        int result = motte_process_grant(process, grant->name, grant->capability);
        if (result < 0)
            return give_up(process, result);
    }
    int result = options->suspended ? 0 : motte_start(process);
    return result < 0 ? give_up(process, result) : process;
}
