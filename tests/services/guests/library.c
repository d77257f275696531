/*
 * Who fetches through a weak capability: library keeps | reads.  "keeps" answers each call with its bank, and with a capability
 * to call it; "reads" fetches twice, the second time through what it has fetched.
 */
#include <string.h>

#include "saying.h"

static void keeps(void)
{
    int in = motte_grant("in");
    struct motte_message request = {.room = 0};
    const struct motte_message answer = {
        .capabilities = {motte_grant("bank"), motte_grant("out")},
        .capability_count = 2,
    };
    while (motte_receive(in, &request, NULL, -1) == 0)
        motte_reply(request.reply, &answer);
}

static void reads(int library)
{
    struct motte_message nothing = {.room = 0}, found = nothing;
    say("fetch", motte_call(library, &nothing, &found, -1));
    say("look", motte_bank_used(found.capabilities[0]) > 0);
    say("limit", motte_bank_limit(found.capabilities[0], 1 << 20));
    say("bank", motte_bank_create(found.capabilities[0], 4096));
    say("destroy", motte_bank_destroy(found.capabilities[0]));
    say("spent", motte_spawn(motte_grant("program"), &(struct motte_spawn_options){.bank = found.capabilities[0]}));
    if (library != found.capabilities[1] && library == motte_grant("library"))
        reads(found.capabilities[1]);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "keeps"))
        keeps();
    else if (argc > 1)
        reads(motte_grant("library"));
    return 0;
}
