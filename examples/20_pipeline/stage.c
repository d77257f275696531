/* One stage of a pipeline: it gets blocks, works on them where they are, and sends them on. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 20 };

/* The first stage makes the blocks. */
static int make(unsigned char first)
{
    int block = motte_block_alloc(SIZE);
    unsigned char *bytes = motte_block_map(block);
    if (!bytes)
        exit(1);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(first + i);
    return block;
}

static void send(int to, int block)
{
    const struct motte_message message = {.blocks = {block}, .block_count = 1};
    if (motte_send(to, &message, -1) < 0)
        exit(2);
}

static int source(int count)
{
    int out = motte_grant("out");
    for (int i = 0; i < count; i++)
        send(out, make((unsigned char)i));
    return 0;
}

static void work(const char *how, unsigned char *bytes)
{
    for (int i = 0; i < SIZE; i++)
        bytes[i] = strcmp(how, "double") == 0 ? (unsigned char)(2 * bytes[i]) : (unsigned char)(bytes[i] + 1);
}

/* The last one has nowhere to send them, and sums them up. */
int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "source") == 0)
        return source(atoi(argv[2]));
    int in = motte_grant("in"), out = motte_grant("out");
    unsigned long sum = 0;
    struct motte_message message = {0};
    while (motte_receive(in, &message, 0, -1) == 0) {
        unsigned char *bytes = motte_block_map(message.blocks[0]);
        if (!bytes)
            return 3;
        if (out > 0) {
            work(argv[1], bytes);
            send(out, message.blocks[0]);
            continue;
        }
        for (int i = 0; i < SIZE; i++)
            sum += bytes[i];
        motte_block_free(message.blocks[0]);
    }
    if (out < 0)
        printf("sum %lu\n", sum);
    return 0;
}
