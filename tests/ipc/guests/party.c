/* One side of a conversation, as its first argument says; what it was granted is "in" and "out". */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[MOTTE_MESSAGE_BYTES];
static int in, out;

static struct motte_message empty(void)
{
    return (struct motte_message){.bytes = buffer, .room = sizeof buffer};
}

static int receive(struct motte_message *message)
{
    *message = empty();
    return motte_receive(in, message, 0, -1);
}

static void drop_all(const struct motte_message *message)
{
    for (unsigned i = 0; i < message->capability_count; i++)
        motte_cap_drop(message->capabilities[i]);
}

/* Answers with what was asked, until nobody can ask any more. */
static int echo(void)
{
    struct motte_message message;
    int result;
    while ((result = receive(&message)) == 0) {
        struct motte_message answer = message;
        answer.flags = 0;
        if (message.reply && (result = motte_reply(message.reply, &answer)) < 0)
            break;
        drop_all(&message);
    }
    return result;
}

/* Says with which badge it was called. */
static int tell_badges(void)
{
    struct motte_message message;
    int result;
    while ((result = receive(&message)) == 0) {
        struct motte_message answer = {.bytes = &message.badge, .size = sizeof message.badge};
        motte_reply(message.reply, &answer);
    }
    return result;
}

static int send_numbered(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct motte_message message = {.bytes = &i, .size = sizeof i, .tag = i};
        int result = motte_send(out, &message, -1);
        if (result < 0)
            return result;
    }
    return 0;
}

static int receive_numbered(unsigned count)
{
    unsigned number;
    for (unsigned i = 0; i < count; i++) {
        struct motte_message message = {.bytes = &number, .room = sizeof number};
        int result = motte_receive(in, &message, 0, -1);
        if (result < 0)
            return result;
        if (number != i || message.tag != i)
            return 1;
    }
    struct motte_message message = {.bytes = &number, .room = sizeof number};
    return motte_receive(in, &message, 0, -1);
}

static int post(unsigned count)
{
    int result = 0;
    for (unsigned i = 0; i < count && result == 0; i++)
        result = motte_notify(out, 1u << (i % 32));
    return result;
}

static int flood(void)
{
    struct motte_message message = {.bytes = buffer, .size = 1000};
    int result, sent = 0;
    while ((result = motte_send(out, &message, 0)) == 0)
        sent++;
    printf("%d ", sent);
    return result;
}

static int call(void)
{
    struct motte_message request = {.bytes = "?", .size = 1}, answer = empty();
    return motte_call(out, &request, &answer, -1);
}

static int reply_twice(void)
{
    struct motte_message message, answer = {.bytes = "once", .size = 4};
    int result = receive(&message);
    if (result < 0)
        return result;
    int first = motte_reply(message.reply, &answer);
    printf("%d ", first);
    return motte_reply(message.reply, &answer);
}

/* Takes one message and never comes back to it. */
static int take_and_hang(void)
{
    struct motte_message message;
    int result = receive(&message);
    write(1, "taken", 5);
    for (;;)
        sleep(1000);
    return result;
}

static int take_and_crash(void)
{
    struct motte_message message;
    receive(&message);
    __builtin_trap();
}

/* Once it is told to, sends a message that is almost as large as one can be. */
static int send_large(void)
{
    struct motte_message message, large = {.bytes = buffer, .size = 60000};
    int result = receive(&message);
    return result < 0 ? result : motte_send(out, &large, -1);
}

static int receive_once(void)
{
    struct motte_message message;
    return receive(&message);
}

/* Would have somebody else answer, who does not come to it in time. */
static int answer_after_all(void)
{
    struct motte_message message, answer = {.bytes = "after all", .size = 9};
    int result = receive(&message);
    struct motte_message handed_on = {.capabilities = {message.reply}, .capability_count = 1};
    if (result == 0)
        result = motte_send(out, &handed_on, 1000000);
    printf("%d ", result);
    return motte_reply(message.reply, &answer);
}

/* Waits in one line many times. */
static int select_twice(void)
{
    int same[] = {in, in, in};
    struct motte_message message = empty();
    int index = motte_select(same, 3, -1);
    printf("%d ", index);
    return motte_receive(in, &message, 0, 0);
}

/* Waits for messages that it has no room for. */
static int take_too_little(void)
{
    struct motte_message message = {.bytes = buffer, .room = 1};
    int result = motte_receive(in, &message, 0, -1);
    printf("%u ", message.size);
    return result;
}

int main(int argc, char **argv)
{
    in = motte_grant("in");
    out = motte_grant("out");
    const char *what = argc > 1 ? argv[1] : "";
    unsigned count = argc > 2 ? (unsigned)atol(argv[2]) : 0;
    int result = -1;
    if (!strcmp(what, "echo"))
        result = echo();
    else if (!strcmp(what, "tell badges"))
        result = tell_badges();
    else if (!strcmp(what, "send numbered"))
        result = send_numbered(count);
    else if (!strcmp(what, "receive numbered"))
        result = receive_numbered(count);
    else if (!strcmp(what, "post"))
        result = post(count);
    else if (!strcmp(what, "flood"))
        result = flood();
    else if (!strcmp(what, "call"))
        result = call();
    else if (!strcmp(what, "reply twice"))
        result = reply_twice();
    else if (!strcmp(what, "take and hang"))
        result = take_and_hang();
    else if (!strcmp(what, "take and crash"))
        result = take_and_crash();
    else if (!strcmp(what, "send large"))
        result = send_large();
    else if (!strcmp(what, "receive once"))
        result = receive_once();
    else if (!strcmp(what, "answer after all"))
        result = answer_after_all();
    else if (!strcmp(what, "select twice"))
        result = select_twice();
    else if (!strcmp(what, "take too little"))
        result = take_too_little();
    printf("%d", result);
    return 0;
}
