/* donation server | client CALLS WORK: the server works as much for a call as its tag says, and answers. */
#include <motte.h>
#include <stdlib.h>
#include <string.h>

static void work(unsigned rounds)
{
    for (volatile unsigned i = 0; i < rounds; i++) {
    }
}

static int serve(void)
{
    struct motte_message request = {.tag = 0}, answer = {.tag = 0};
    int in = motte_grant("in"), result = motte_receive(in, &request, NULL, -1);
    while (result == 0) {
        work(request.tag);
        result = motte_reply_receive(request.reply, &answer, in, &request, -1);
    }
    return result == -MOTTE_PEER_CLOSED ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "server"))
        return serve();
    int out = motte_grant("out");
    struct motte_message request = {.tag = (unsigned)atol(argv[3])}, answer = {.tag = 0};
    for (long left = atol(argv[2]); left > 0; left--)
        if (motte_call(out, &request, &answer, -1))
            return 1;
    return 0;
}
