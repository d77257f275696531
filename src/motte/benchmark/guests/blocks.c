/* Passes a block to and fro: blocks server BYTES | client BATCHES ROUNDS BYTES.

   Each side maps what it gets and writes to its first and its last byte.  The client prints the shortest of its batches, in
   nanoseconds.  With CHECKED, blocks are checked ones, and opened. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef CHECKED
typedef motte_block_byte byte;
#define allocate motte_block_alloc_checked
#define map motte_block_open
#define fill motte_block_fill
#else
typedef char byte;
#define allocate motte_block_alloc
#define map motte_block_map
#define fill memset
#endif

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void use(int block, long size)
{
    volatile byte *bytes = map(block);
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
    int out = motte_grant("out"), block = allocate((unsigned long)size);
    uint64_t shortest = UINT64_MAX;
    fill(map(block), 1, (size_t)size);
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
