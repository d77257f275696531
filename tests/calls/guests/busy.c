/* Functions that take their time, wait, or end everything. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <motte.h>

void spin(void)
{
    for (;;)
        __asm__ volatile("");
}

/* About so many nanoseconds on the machines of these years. */
unsigned work(unsigned steps)
{
    unsigned value = 1;
    for (unsigned i = 0; i < steps; i++) {
        value = value * 1664525 + 1013904223;
        __asm__ volatile("" : "+r"(value));
    }
    return value;
}

int nap(int milliseconds)
{
    usleep(milliseconds * 1000);
    return milliseconds;
}

int say(const char *text)
{
    int length = printf("%s\n", text);
    fflush(stdout);
    return length;
}

void leave(int status)
{
    exit(status);
}

void give_up(void)
{
    abort();
}

int receive(void)
{
    char bytes[8];
    struct motte_message message = {.bytes = bytes, .room = sizeof bytes};
    int in = motte_grant("in");
    return motte_receive(in, &message, 0, -1) < 0 ? -1 : (int)message.size;
}
