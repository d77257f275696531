/* Passes a checked block to and fro: checked_blocks server BYTES | client BATCHES ROUNDS BYTES.

   Each side opens what it gets and writes to its first and its last byte.  The client prints the shortest of its batches, in
   nanoseconds. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void use(int block, long size)
{
    volatile motte_block_byte *bytes = motte_block_open(block);
    if (!bytes)
        exit(1);
    bytes[0]++;
    bytes[size - 1]++;
}

static int serve(long size)
{
    struct motte_message request = {0}, answer = {.block_count = 1};
    int in = motte_grant("in"), result = motte_receive(in, &request, NULL, -1);
    while (result == 0) {
        use(request.blocks[0], size);
        answer.blocks[0] = request.blocks[0];
        result = motte_reply_receive(request.reply, &answer, in, &request, -1);
    }
    return result == -MOTTE_PEER_CLOSED ? 0 : 1;
}

static int pass(long batches, long rounds, long size)
{
    struct motte_message request = {.block_count = 1}, answer = {0};
    int out = motte_grant("out"), block = motte_block_alloc_checked((unsigned long)size);
    uint64_t shortest = UINT64_MAX;
    motte_block_fill(motte_block_open(block), 1, (unsigned long)size);
    for (long batch = 0; batch < batches; batch++) {
        uint64_t start = now_ns();
        for (long i = 0; i < rounds; i++) {
            request.blocks[0] = block;
            if (motte_call(out, &request, &answer, -1))
                return 1;
            block = answer.blocks[0];
            use(block, size);
        }
        uint64_t elapsed = now_ns() - start;
        shortest = elapsed < shortest ? elapsed : shortest;
    }
    printf("%llu\n", (unsigned long long)shortest);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return serve(atol(argv[2]));
    return argc == 5 ? pass(atol(argv[2]), atol(argv[3]), atol(argv[4])) : 1;
}
