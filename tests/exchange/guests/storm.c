/* Blocks go round, and each process looks at every word of what it gets, and changes it: storm PLACE PROCESSES BLOCKS ROUNDS.
 *
 * The words of a block are one number and its successors; who passes it on has added one to each.  With a third grant, `plain`,
 * each round asks a process that knows nothing of blocks, too. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS = 2048 };

typedef MOTTE_BLOCK uint64_t block_word;

static void fail(const char *what, uint64_t found, uint64_t wanted)
{
    printf("%s: %llu, and not %llu\n", what, (unsigned long long)found, (unsigned long long)wanted);
    exit(1);
}

static void step(int block)
{
    block_word *words = (block_word *)motte_block_open(block);
    if (!words)
        fail("not open", (uint64_t)block, 0);
    uint64_t first = words[0];
    for (int i = 0; i < WORDS; i++) {
        if (words[i] != first + (uint64_t)i)
            fail("a word", words[i], first + (uint64_t)i);
        words[i] += 1;
    }
}

static void begin(int out, long place, long blocks)
{
    for (long i = 0; i < blocks; i++) {
        struct motte_message message = {.block_count = 1};
        message.blocks[0] = motte_block_alloc_checked(WORDS * sizeof(uint64_t));
        block_word *words = (block_word *)motte_block_open(message.blocks[0]);
        uint64_t first = (uint64_t)(place * 1000 + i) << 32;
        for (int word = 0; word < WORDS; word++)
            words[word] = first + (uint64_t)word;
        if (motte_send(out, &message, -1) < 0)
            fail("send", 0, 0);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    long place = atol(argv[1]), blocks = atol(argv[3]), rounds = atol(argv[4]) * blocks;
    int in = motte_grant("in"), out = motte_grant("out"), plain = motte_grant("plain");
    begin(out, place, blocks);
    while (rounds--) {
        struct motte_message message = {0}, question = {0}, answer = {0};
        if (motte_receive(in, &message, 0, -1) < 0)
            return 3;
        step(message.blocks[0]);
        if (plain > 0) {
            question.tag = (unsigned)rounds;
            if (motte_call(plain, &question, &answer, -1) < 0 || answer.tag != (unsigned)rounds + 1)
                fail("the answer", answer.tag, (uint64_t)rounds + 1);
            step(message.blocks[0]);
        }
        struct motte_message next = {.block_count = 1, .blocks = {message.blocks[0]}};
        if (motte_send(out, &next, -1) < 0)
            return 4;
    }
    puts("fine");
    return 0;
}
