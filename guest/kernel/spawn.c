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

static int starts_at_once(const struct motte_spawn_options *options, unsigned granted)
{
    return !options->suspended && !options->region_count && granted == options->grant_count;
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
    if (starts_at_once(options, request->grants))
        request->flags |= MOTTE_SPAWN_START;
    if (options->output)
        request->flags |= MOTTE_SPAWN_OUTPUT;
    return request->grants;
}

/* What did not go along with the order. */
static int complete(int process, const struct motte_spawn_options *options, unsigned granted)
{
    int result = 0;
    for (; result == 0 && granted < options->grant_count; granted++)
        result = motte_process_grant(process, options->grants[granted].name, options->grants[granted].capability);
    for (unsigned i = 0; result == 0 && i < options->region_count; i++) {
        const struct motte_region *region = &options->regions[i];
        result = motte_region_keep(process, region->address, region->size, region->keeper);
    }
    return result < 0 || options->suspended ? result : motte_start(process);
}

static int send_order(int maker, unsigned number, const struct order *order)
{
    struct request call = {
        .bytes = order->request,
        .size = order->size,
        .capabilities = order->capabilities,
        .capability_count = order->capability_count,
        .handles = 1,
        .timeout = -1,
    };
    return __motte_request(maker, number, &call);
}

int __motte_make_process(int maker, unsigned number, const struct motte_spawn_options *options)
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
    int process = send_order(maker, number, &order);
    free(order.request);
    if (process < 0 || starts_at_once(options, granted))
        return process;
    int result = complete(process, options, granted);
    if (result < 0) {
        motte_kill(process);
        motte_cap_drop(process);
        return result;
    }
    return process;
}

int motte_spawn(int program, const struct motte_spawn_options *options)
{
    return __motte_make_process(program, MOTTE_PROGRAM_SPAWN, options);
}
