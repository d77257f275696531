#include <string.h>
#include "request.h"

int motte_start(int process)
{
    return __motte_request_plain(process, MOTTE_PROCESS_START);
}

int motte_process_grant(int process, const char *name, int capability)
{
    char bytes[sizeof(struct motte_grant_request) + 64];
    struct motte_grant_request request = {1};
    size_t size = strlen(name) + 1;
    if (size > sizeof bytes - sizeof request)
        return -MOTTE_REQUEST_ERROR;
    memcpy(bytes, &request, sizeof request);
    memcpy(bytes + sizeof request, name, size);
    struct request call = {
        .bytes = bytes,
        .size = sizeof request + size,
        .capabilities = &capability,
        .capability_count = 1,
        .timeout = -1,
    };
    return __motte_request(process, MOTTE_PROCESS_GRANT, &call);
}

int motte_wait(int process, struct motte_end *end, long timeout)
{
    struct motte_end unwanted;
    struct motte_wait_request request = {timeout != 0};
    struct request call = {
        .bytes = &request,
        .size = sizeof request,
        .result = end ? end : &unwanted,
        .result_size = sizeof *end,
        .timeout = timeout ? timeout : -1,
    };
    return __motte_request(process, MOTTE_PROCESS_WAIT, &call);
}

static int monitor(int process, int channel, unsigned long number, int urgent)
{
    struct motte_monitor_request request = {.number = number, .urgent = (unsigned)urgent};
    struct request call = {
        .bytes = &request,
        .size = sizeof request,
        .capabilities = &channel,
        .capability_count = 1,
        .timeout = -1,
    };
    return __motte_request(process, MOTTE_PROCESS_MONITOR, &call);
}

int motte_monitor(int process, int channel, unsigned long number)
{
    return monitor(process, channel, number, 0);
}

int motte_monitor_urgent(int process, int channel, unsigned long number)
{
    return monitor(process, channel, number, 1);
}

int motte_kill(int process)
{
    return __motte_request_plain(process, MOTTE_PROCESS_KILL);
}

int motte_suspend(int process)
{
    return __motte_request_plain(process, MOTTE_PROCESS_SUSPEND);
}

int motte_resume(int process)
{
    return __motte_request_plain(process, MOTTE_PROCESS_RESUME);
}

int motte_process_statistics(int process, struct motte_statistics *statistics)
{
    return __motte_request_record(process, MOTTE_PROCESS_STATISTICS, statistics, sizeof *statistics);
}
