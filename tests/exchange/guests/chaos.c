/* Does anything at all with blocks, and looks at what it gets, for each page of a block says which one it is: chaos SEED
 * [ROUNDS], for ever without a number.  With CHECKED, blocks are checked ones. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef CHECKED
#define IN_BLOCK MOTTE_BLOCK
#define allocate motte_block_alloc_checked
#define map motte_block_open
#else
#define IN_BLOCK
#define allocate motte_block_alloc
#define map motte_block_map
#endif

enum { HELD = 24, PAGE = 4096, LARGEST = 700 };

struct mark {
    unsigned long stamp, page;
};

static unsigned long state;
static int in, out, held[HELD], count;

static unsigned long any(unsigned long limit)
{
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (state >> 33) % limit;
}

static IN_BLOCK struct mark *mark_of(IN_BLOCK void *block, long page)
{
    return (IN_BLOCK struct mark *)((IN_BLOCK char *)block + page * PAGE);
}

static void forget(int place)
{
    held[place] = held[--count];
}

static void fail(const char *what, long number)
{
    printf("%s: %ld\n", what, number);
    exit(1);
}

/* Pages of one block follow each other, wherever it was split. */
static void check(int block)
{
    IN_BLOCK void *bytes = map(block);
    long pages = motte_block_size(block) / PAGE;
    if (!bytes)
        return; /* no room */
    unsigned long stamp = mark_of(bytes, 0)->stamp, first = mark_of(bytes, 0)->page;
    for (long page = 1; page < pages; page++)
        if (mark_of(bytes, page)->stamp != stamp || mark_of(bytes, page)->page != first + (unsigned long)page)
            fail("a page of another block", page);
}

static void make(void)
{
    long pages = 1 + (long)any(LARGEST);
    int block = allocate((unsigned long)pages * PAGE);
    IN_BLOCK void *bytes = block > 0 ? map(block) : 0;
    if (block > 0 && !bytes)
        motte_block_free(block);
    if (!bytes)
        return;
    unsigned long stamp = state;
    for (long page = 0; page < pages; page++) {
        if (mark_of(bytes, page)->stamp || mark_of(bytes, page)->page)
            fail("a new block is not empty", page);
        mark_of(bytes, page)->stamp = stamp;
        mark_of(bytes, page)->page = (unsigned long)page;
    }
    held[count++] = block;
}

static void receive(void)
{
    struct motte_message message = {0};
    if (motte_receive(in, &message, 0, any(2) ? 0 : 1000000) < 0)
        return;
    for (unsigned i = 0; i < message.block_count; i++) {
        held[count++] = message.blocks[i];
        check(message.blocks[i]);
    }
}

static void give_away(void)
{
    struct motte_message message = {0};
    for (unsigned wanted = 1 + (unsigned)any(4); count && message.block_count < wanted;) {
        message.blocks[message.block_count++] = held[count - 1];
        forget(count - 1);
    }
    int result = motte_send(out, &message, any(2) ? 0 : 1000000);
    if (result < 0)
        for (unsigned i = 0; i < message.block_count; i++) {
            held[count++] = message.blocks[i];
            check(message.blocks[i]);
        }
}

static void change(int place)
{
    int block = held[place];
    long pages = motte_block_size(block) / PAGE;
    switch (any(6)) {
    case 0: motte_block_free(block); forget(place); break;
    case 1: motte_block_freeze(block); break;
    case 2: motte_block_unmap(block); break;
    case 3:
        if (pages > 1) {
            int rest = motte_block_split(block, (1 + any((unsigned long)pages - 1)) * PAGE);
            if (rest > 0) {
                held[count++] = rest;
                check(rest);
            }
        }
        check(block);
        break;
    default: check(block);
    }
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoul(argv[1], 0, 10) : 1;
    in = motte_grant("in");
    out = motte_grant("out");
    for (long rounds = argc > 2 ? atol(argv[2]) : -1; rounds; rounds -= rounds > 0) {
        if (count > HELD - 5)
            change((int)any((unsigned long)count));
        else if (any(3) == 0)
            make();
        else if (any(2))
            receive();
        if (count && any(2))
            give_away();
        if (count && count < HELD - 2)
            change((int)any((unsigned long)count));
        while (count > HELD - 6) {
            motte_block_free(held[count - 1]);
            forget(count - 1);
        }
    }
    return 0;
}
