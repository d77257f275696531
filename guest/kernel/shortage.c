#include <motte_launch.h>
#include <stddef.h>
#include "request.h"

int motte_bank_keeper(int bank, int channel)
{
    struct request call = {.capabilities = &channel, .capability_count = channel != 0, .timeout = -1};
    return __motte_request(bank, MOTTE_BANK_KEEPER, &call);
}

int motte_shortage_receive(int receiver, struct motte_shortage *shortage, long timeout)
{
    struct motte_shortage_record told;
    struct motte_message message = {.bytes = &told, .room = sizeof told};
    int result = motte_receive(receiver, &message, NULL, timeout);
    if (result < 0)
        return result;
    if (message.tag == MOTTE_SHORTAGE && message.size == sizeof told && message.capability_count == 1) {
        *shortage = (struct motte_shortage){told.wanted, told.limit, told.used, told.process,
                                            message.capabilities[0], message.badge};
        return 0;
    }
    for (unsigned i = 0; i < message.capability_count; i++)
        motte_cap_drop(message.capabilities[i]);
    if (message.reply)
        motte_cap_drop(message.reply);
    return -MOTTE_UNKNOWN_REQUEST;
}

static int conclude(const struct motte_shortage *shortage, unsigned long limit)
{
    int result = __motte_request_size(shortage->answer, MOTTE_SHORTAGE_ANSWER, limit);
    if (result == 0)
        motte_cap_drop(shortage->answer);
    return result;
}

int motte_shortage_grant(const struct motte_shortage *shortage, unsigned long more)
{
    unsigned long limit = shortage->limit + more;
    return conclude(shortage, limit < more ? MOTTE_NO_LIMIT : limit);
}

int motte_shortage_refuse(const struct motte_shortage *shortage)
{
    return conclude(shortage, 0);
}
