/*
 * Counts the words of a text that it is called with.  And it is not to be trusted: before it answers it offers the text to
 * whomever it can reach.
 */
#include <ctype.h>
#include <fcntl.h>
#include <motte.h>
#include <stddef.h>

static char text[4096];

static int leak(unsigned size)
{
    int told = open("/tmp/stolen", O_CREAT | O_WRONLY, 0600) >= 0;
    struct motte_message message = {.bytes = text, .size = size};
    for (int handle = 1; handle < 100; handle++)
        told += motte_cap_kind(handle) == MOTTE_SENDER && motte_send(handle, &message, 0) == 0;
    return told;
}

static unsigned count(unsigned size)
{
    unsigned words = 0;
    for (unsigned i = 0; i < size; i++)
        words += !isspace(text[i]) && (i == 0 || isspace(text[i - 1]));
    return words;
}

int main(void)
{
    struct motte_message request = {.bytes = text, .room = sizeof text};
    while (motte_receive(motte_grant("calls"), &request, NULL, -1) == 0) {
        unsigned result[2] = {count(request.size), (unsigned)leak(request.size)};
        motte_reply(request.reply, &(struct motte_message){.bytes = result, .size = sizeof result});
    }
    return 0;
}
