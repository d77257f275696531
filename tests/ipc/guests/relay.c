/*
 * Hand-offs of one end of a conversation: relay passes COUNT | serves.  "passes" is one of a ring: whoever gets the end asks
 * with the next number, tries to give the end away where it must not, takes the answer, and gives it away.
 */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK = 1, ANSWER = 2, READY = 3 };

static void fail(const char *what, long result)
{
    printf("%s %ld\n", what, result);
    exit(1);
}

static int give(int to, int end, unsigned number)
{
    struct motte_message message = {
        .tag = number,
        .capabilities = {end},
        .capability_count = end != 0,
    };
    return motte_send(to, &message, -1);
}

static unsigned ask(int end, unsigned number, int out)
{
    unsigned answered = 0;
    struct motte_message question = {.bytes = &number, .size = sizeof number, .tag = ASK};
    struct motte_message answer = {.bytes = &answered, .room = sizeof answered};
    int result = motte_send(end, &question, 0);
    if (result < 0)
        fail("ask", result);
    result = give(out, end, 0);
    if (result != -MOTTE_CONTRACT_VIOLATION)
        fail("given away before the answer", result);
    result = motte_receive(end, &answer, NULL, -1);
    if (result < 0 || answer.tag != ANSWER || answered != number + 1)
        fail("answer", result < 0 ? result : (long)answered);
    return answered;
}

static int passes(unsigned count)
{
    int in = motte_grant("in"), out = motte_grant("out"), done = motte_grant("done"), result;
    struct motte_message came = {.room = 0};
    while ((result = motte_receive(in, &came, NULL, -1)) == 0 && came.capability_count == 1) {
        int end = came.capabilities[0];
        unsigned number = ask(end, came.tag, out);
        result = give(number < count ? out : done, end, number);
        if (result < 0)
            fail("give", result);
        result = give(out, end, number);
        if (result != -MOTTE_INVALID_CAP)
            fail("given away twice", result);
    }
    give(out, 0, 0); /* it is over: the next one learns so */
    return 0;
}

static int serves(void)
{
    int end = motte_grant("end");
    unsigned number, expected = 0;
    struct motte_message question = {.bytes = &number, .room = sizeof number};
    struct motte_message answer = {.bytes = &number, .size = sizeof number, .tag = ANSWER};
    int result = motte_send(end, &(struct motte_message){.tag = READY}, 0);
    if (result < 0)
        fail("ready", result);
    while ((result = motte_receive(end, &question, NULL, -1)) == 0) {
        if (question.tag != ASK || number != expected)
            fail("out of order", number);
        number = ++expected;
        if (motte_send(end, &answer, 0) < 0)
            fail("answer", expected);
    }
    printf("%u then %d", expected, result);
    return 0;
}

int main(int argc, char **argv)
{
    return argc > 2 && !strcmp(argv[1], "passes") ? passes((unsigned)atoi(argv[2])) : serves();
}
