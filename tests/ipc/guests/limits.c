/* Messages at their limits, and one beyond, in a channel of its own: 16 messages, 64 KiB. */
#include <motte.h>
#include <stdio.h>
#include <string.h>

static char bytes[MOTTE_MESSAGE_BYTES + 1];
static int ends[2];

static int sent(struct motte_message message)
{
    struct motte_message taken = {.bytes = bytes, .room = sizeof bytes};
    int result = motte_send(ends[0], &message, 0);
    if (result == 0) {
        result = motte_receive(ends[1], &taken, 0, 0);
        if (result == 0 && (taken.size != message.size || taken.capability_count != message.capability_count))
            return 1;
        for (unsigned i = 0; i < taken.capability_count; i++)
            motte_cap_drop(taken.capabilities[i]);
    }
    return result;
}

int main(void)
{
    const int made = motte_channel_create(16, MOTTE_MESSAGE_BYTES, ends);
    struct motte_message full = {.bytes = bytes, .size = MOTTE_MESSAGE_BYTES}, more = full, four, five, strange, empty = {0};
    more.size++;
    four = (struct motte_message){.capabilities = {ends[0], ends[0], ends[0], ends[0]}, .capability_count = 4};
    five = four;
    five.capability_count = 5;
    strange = empty;
    strange.flags = ~0u;
    printf("%d %d %d %d %d %d %d %d", made, sent(empty), sent(full), sent(more), sent(four), sent(five), sent(strange), sent(full));
    printf(" |");
    int too_few = motte_channel_create(0, 0, ends), too_many = motte_channel_create(65537, 0, ends);
    int too_long = motte_channel_create(1, MOTTE_MESSAGE_BYTES + 1, ends), short_one = motte_channel_create(1, 10, ends);
    struct motte_message eleven = {.bytes = bytes, .size = 11}, ten = {.bytes = bytes, .size = 10};
    printf(" %d %d %d %d %d %d", too_few, too_many, too_long, short_one, sent(ten), sent(eleven));
    return 0;
}
