#include "request.h"

int motte_link(int process, unsigned long number)
{
    return __motte_request_size(process, MOTTE_PROCESS_LINK, number);
}

int motte_unlink(int process)
{
    return __motte_request_plain(process, MOTTE_PROCESS_UNLINK);
}

int motte_exit_process(int process, enum motte_reason reason, int detail)
{
    struct motte_exit_request request = {reason, detail};
    return __motte_request(process, MOTTE_PROCESS_EXIT,
                           &(struct request){.bytes = &request, .size = sizeof request, .timeout = -1});
}

int motte_trap_exit(int links, int channel)
{
    struct request call = {.capabilities = &channel, .capability_count = channel != 0, .timeout = -1};
    return __motte_request(links, MOTTE_LINKS_TRAP, &call);
}

int motte_self(int links)
{
    return __motte_request(links, MOTTE_LINKS_SELF, &(struct request){.handles = 1, .timeout = -1});
}
