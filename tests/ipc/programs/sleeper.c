/* sleeper DEPTH SEED: takes calls at this depth of its stack; each frame on the way back has a share in the answer. */
#include <motte.h>
#include <stdlib.h>

static int in;
static struct motte_message request;

__attribute__((noinline)) static unsigned ask(unsigned depth, unsigned seed)
{
    unsigned factor = seed * 2654435761u + 12345;
    double half = seed / 2.0; /* the caller's to save: it lies on the stack meanwhile */
    unsigned inner;
    if (depth)
        inner = ask(depth - 1, factor);
    else if (motte_receive(in, &request, NULL, -1) == 0)
        inner = request.tag;
    else
        exit(0);
    return inner * factor + (unsigned)(half * 2.0);
}

int main(int argc, char **argv)
{
    unsigned depth = argc > 1 ? (unsigned)atol(argv[1]) : 0, seed = argc > 2 ? (unsigned)atol(argv[2]) : 1;
    in = motte_grant("in");
    for (;;) {
        struct motte_message answer = {.tag = ask(depth, seed)};
        if (motte_reply(request.reply, &answer))
            return 1;
    }
}
