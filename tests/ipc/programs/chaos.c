/* Does anything at all with capabilities and messages, for ever: chaos SEED [acyclic].

   With `acyclic` it never sends a capability to receive: so no two queues can hold one another.  It ends by itself only if
   a call answers what no call may answer. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELD = 64, BUFFER = 70000, BAD_ANSWER = 99 };

static uint64_t state;
static int acyclic, in, out, held[HELD], held_count;
static char to_send[BUFFER], received[BUFFER];

static unsigned draw(unsigned below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % below);
}

static void hold(int capability)
{
    if (capability <= 0)
        return;
    int place = held_count < HELD ? held_count++ : (int)draw(HELD);
    if (held[place])
        motte_cap_drop(held[place]);
    held[place] = capability;
}

static int any(void)
{
    if (draw(10) == 0)
        return (int)draw(100);
    return held_count ? held[draw((unsigned)held_count)] : 1 + (int)draw(4);
}

static void attach_some(struct motte_message *message)
{
    while (message->capability_count < MOTTE_MESSAGE_CAPABILITIES && draw(3) == 0) {
        int capability = any();
        if (acyclic && motte_cap_kind(capability) == MOTTE_RECEIVER)
            continue;
        message->capabilities[message->capability_count++] = capability;
    }
}

static struct motte_message some_message(void)
{
    struct motte_message message = {
        .bytes = to_send,
        .size = draw(4) ? draw(200) : draw(MOTTE_MESSAGE_BYTES + 2),
        .room = draw(10) ? BUFFER : draw(300),
        .tag = draw(4),
        .flags = draw(8) == 0 ? MOTTE_PRIORITY : 0,
    };
    attach_some(&message);
    if (!acyclic && draw(50) == 0)
        message.capability_count = draw(10);
    return message;
}

static void take(const struct motte_message *message)
{
    if (message->flags & MOTTE_NOTIFICATION)
        return;
    for (unsigned i = 0; i < message->capability_count; i++)
        hold(message->capabilities[i]);
    if (!message->reply)
        return;
    struct motte_message answer = some_message();
    unsigned choice = draw(5);
    if (choice == 0 || (choice > 1 && motte_reply(message->reply, &answer) < 0))
        hold(message->reply);
    else if (choice == 1)
        motte_cap_drop(message->reply);
}

static long hold_two(long result, const int handles[2])
{
    if (result == 0) {
        hold(handles[0]);
        hold(handles[1]);
    }
    return result;
}

static long choose_among_many(long timeout)
{
    int several[8] = {in};
    unsigned count = 1 + draw(8);
    for (unsigned i = 1; i < count; i++)
        several[i] = any();
    return motte_select(several, count, timeout);
}

static long talk(long timeout)
{
    struct motte_message message = some_message(), answer = {.bytes = received, .room = draw(10) ? BUFFER : draw(300)};
    struct motte_match match = {.tag = draw(4), .by = 1};
    long result;
    switch (draw(8)) {
    case 0:
        return motte_send(draw(2) ? out : any(), &message, timeout);
    case 1:
    case 2:
        result = motte_call(draw(2) ? out : any(), &message, &answer, timeout);
        break;
    case 3:
        result = motte_receive(draw(3) ? in : any(), &answer, &match, timeout);
        break;
    case 4:
        result = motte_reply_receive(any(), &message, in, &answer, timeout);
        break;
    default:
        result = motte_receive(draw(3) ? in : any(), &answer, NULL, timeout);
        break;
    }
    if (result == 0)
        take(&answer);
    return result;
}

static long handle_capabilities(void)
{
    int handles[2];
    long result;
    switch (draw(7)) {
    case 0:
        return hold_two(motte_channel_create(1 + draw(20), draw(BUFFER), handles), handles);
    case 1:
        return hold_two(motte_cap_forward(any(), (int)draw(2), handles), handles);
    case 2:
        result = motte_cap_copy(any());
        hold((int)result);
        return result;
    case 3:
        result = motte_cap_restrict(any(), draw(32), draw(3) ? 0 : draw(5), draw(8) == 0);
        hold((int)result);
        return result;
    case 4:
        return draw(20) ? motte_cap_retarget(any(), any()) : motte_cap_revoke(any(), draw(3));
    case 5:
        return motte_notify(draw(2) ? out : any(), 1u << draw(32));
    default:
        return motte_cap_kind(any());
    }
}

static int is_an_answer(long result)
{
    return result >= 0 || result == -MOTTE_BAD_ADDRESS || (result <= -MOTTE_INVALID_CAP && result >= -MOTTE_EXITED);
}

int main(int argc, char **argv)
{
    state = strtoull(argv[1], NULL, 10) * 2654435761u + 88172645463325252u;
    acyclic = argc > 2;
    in = motte_grant("in");
    out = motte_grant("out");
    for (;;) {
        long timeout = draw(40) == 0 ? -1 : draw(3) ? (long)draw(200000) : 0;
        unsigned choice = draw(20);
        long result = choice < 11 ? talk(timeout) : choice < 12 ? choose_among_many(timeout) : handle_capabilities();
        if (!is_an_answer(result)) {
            printf("%ld\n", result);
            return BAD_ANSWER;
        }
    }
}
