/* Random requests, with random records and capabilities, to every object that it holds and every one that it gets. */
#include <motte.h>
#include <motte_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS 6000
#define HELD 64
#define MILLISECOND 1000000L

static const char *const names[] = {"program", "bank", "meter", "timers", "names"};
static const unsigned first_of_kind[] = {0x101, 0x201, 0x301, 0x401, 0x501, 0x601, 0x701, 0x901, 0xa01, 0x1001};
static unsigned char buffer[MOTTE_MESSAGE_BYTES];
static int held[HELD], channel[2];
static unsigned count;
static unsigned long state;

static unsigned long draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static unsigned long draw_value(void)
{
    unsigned long value = draw();
    switch (value % 5) {
    case 0:
        return value;
    case 1:
        return draw() % 8;
    case 2:
        return ~0UL;
    case 3:
        return 0x80000000UL + draw() % 64 * 4096;
    default:
        return 0;
    }
}

static void hold(const struct motte_message *message)
{
    for (unsigned i = 0; i < message->capability_count; i++) {
        unsigned place = count < HELD ? count++ : 8 + draw() % (HELD - 8);
        if (held[place])
            motte_cap_drop(held[place]);
        held[place] = message->capabilities[i];
    }
    if (message->reply)
        motte_cap_drop(message->reply);
}

static int ask(void)
{
    for (unsigned i = 0; i < 10; i++) {
        unsigned long value = draw_value();
        memcpy(buffer + 8 * i, &value, 8);
    }
    struct motte_message asked = {.bytes = buffer, .size = draw() % 80, .capability_count = draw() % 4};
    asked.tag = first_of_kind[draw() % (sizeof first_of_kind / sizeof *first_of_kind)] + draw() % 11;
    for (unsigned i = 0; i < asked.capability_count; i++)
        asked.capabilities[i] = held[draw() % count];
    struct motte_message answer = {.bytes = buffer, .room = sizeof buffer};
    int target = held[draw() % count];
    if (draw() % 8 == 0)
        return motte_send(target, &asked, 0);
    int result = motte_call(target, &asked, &answer, 3 * MILLISECOND);
    if (result == 0)
        hold(&answer);
    return result < 0 ? result : -(int)answer.tag;
}

int main(int argc, char **argv)
{
    unsigned done = 0;
    state = argc > 1 ? strtoul(argv[1], NULL, 10) * 0x9e3779b97f4a7c15UL : 0;
    if (!state)
        return 0; /* a child of this one */
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        held[count++] = motte_grant(names[i]);
    motte_channel_create(64, 4096, channel);
    held[count++] = channel[0];
    held[count++] = channel[1];
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct motte_message message = {.bytes = buffer, .room = sizeof buffer};
        done += ask() == 0;
        while (motte_receive(channel[1], &message, NULL, 0) == 0) {
            hold(&message);
            message = (struct motte_message){.bytes = buffer, .room = sizeof buffer};
        }
    }
    printf("%u\n", done);
    return 0;
}
