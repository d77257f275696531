/* Processes that only pass messages: messages server | client BATCHES CALLS BYTES | caller ROUNDS PAUSE | node HOPS |
   sender | collector COUNT.

   A server answers each call.  A client prints the shortest of its batches, in nanoseconds; a caller, who pauses for so many
   before each call, prints what each took.  Nodes make a ring: "out" leads to
   the next one's "in"; the one with HOPS sends a message round, and prints the nanoseconds.  Senders never
   stop; the collector receives COUNT messages, and prints how many came with each badge: the least, and the most. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FOR_EVER = -1, SENDERS = 4096 };

static char first[MOTTE_MESSAGE_BYTES], second[MOTTE_MESSAGE_BYTES];

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int serve(void)
{
    struct motte_message request = {.bytes = first, .room = sizeof first}, answer = {.bytes = second, .size = 1};
    int in = motte_grant("in"), result = motte_receive(in, &request, NULL, FOR_EVER);
    while (result == 0)
        result = motte_reply_receive(request.reply, &answer, in, &request, FOR_EVER);
    return result == -MOTTE_PEER_CLOSED ? 0 : 1;
}

static int call(long batches, long calls, unsigned size)
{
    struct motte_message request = {.bytes = first, .size = size}, answer = {.bytes = second, .room = sizeof second};
    int out = motte_grant("out");
    uint64_t shortest = UINT64_MAX;
    for (long batch = 0; batch < batches; batch++) {
        uint64_t start = now_ns();
        for (long i = 0; i < calls; i++)
            if (motte_call(out, &request, &answer, FOR_EVER))
                return 1;
        uint64_t elapsed = now_ns() - start;
        shortest = elapsed < shortest ? elapsed : shortest;
    }
    printf("%llu\n", (unsigned long long)shortest);
    return 0;
}

static int call_now_and_then(long rounds, long pause)
{
    struct motte_message request = {.bytes = first, .size = 1}, answer = {.bytes = second, .room = sizeof second};
    int out = motte_grant("out");
    for (long round = 0; round < rounds; round++) {
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        uint64_t start = now_ns();
        if (motte_call(out, &request, &answer, FOR_EVER))
            return 1;
        printf("%llu\n", (unsigned long long)(now_ns() - start));
    }
    return 0;
}

/* The tag counts down; after the last hop it goes round once more, to end everybody. */
static int pass_on(long hops)
{
    struct motte_message message = {.bytes = first, .room = sizeof first, .size = 1, .tag = (unsigned)hops};
    int in = motte_grant("in"), out = motte_grant("out");
    uint64_t start = now_ns();
    int result = hops ? motte_send(out, &message, FOR_EVER) : 0;
    while (result == 0 && (result = motte_receive(in, &message, NULL, FOR_EVER)) == 0) {
        if (message.tag == 0 && hops)
            break;
        unsigned last = message.tag == 0;
        message.tag -= !last;
        result = motte_send(out, &message, FOR_EVER);
        if (last)
            return 0;
    }
    if (hops)
        printf("%llu\n", (unsigned long long)(now_ns() - start));
    return result != 0;
}

static int send_for_ever(void)
{
    struct motte_message message = {.bytes = first, .size = 1};
    int out = motte_grant("out");
    while (motte_send(out, &message, FOR_EVER) == 0) {
    }
    return 0;
}

static int collect(long count)
{
    static long from[SENDERS + 1];
    struct motte_message message = {.bytes = first, .room = sizeof first};
    int in = motte_grant("in");
    for (long i = 0; i < count; i++) {
        if (motte_receive(in, &message, NULL, FOR_EVER) || message.badge > SENDERS)
            return 1;
        from[message.badge]++;
    }
    long least = count, most = 0;
    for (int badge = 1; badge <= SENDERS && from[badge]; badge++) {
        least = from[badge] < least ? from[badge] : least;
        most = from[badge] > most ? from[badge] : most;
    }
    printf("%ld\n%ld\n", least, most);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "server"))
        return serve();
    if (argc == 5 && !strcmp(argv[1], "client"))
        return call(atol(argv[2]), atol(argv[3]), (unsigned)atol(argv[4]));
    if (argc == 4 && !strcmp(argv[1], "caller"))
        return call_now_and_then(atol(argv[2]), atol(argv[3]));
    if (argc == 3 && !strcmp(argv[1], "node"))
        return pass_on(atol(argv[2]));
    if (argc == 2 && !strcmp(argv[1], "sender"))
        return send_for_ever();
    if (argc == 3 && !strcmp(argv[1], "collector"))
        return collect(atol(argv[2]));
    return 2;
}
