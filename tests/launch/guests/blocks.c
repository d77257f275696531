/* Reads bitcode from standard input into a block: blocks launches | keeps | wrong | waits */
#include <motte.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 4 << 20, MIB = 1 << 20 };

static char said[4096];
static unsigned long size;
static struct motte_launch_options options = {.diagnostics = {said, sizeof said}};

static int read_all(void)
{
    long came;
    int block = motte_block_alloc(ROOM);
    char *bytes = motte_block_map(block);
    while ((came = read(0, bytes + size, ROOM - size)) > 0)
        size += (unsigned long)came;
    return block;
}

static void launch(int block)
{
    struct motte_end end = {0};
    int process = motte_launch_block(motte_grant("launcher"), block, size, &options);
    if (process < 0)
        printf("launch %d\n%s", process, said);
    else if (motte_wait(process, &end, -1) == 0)
        printf("status %d reason %u\n", end.status, end.reason);
}

/* It is the launcher's, and nobody's memory any more. */
static void launches(void)
{
    int block = read_all(), bank = motte_grant("bank");
    long before = motte_bank_used(bank);
    launch(block);
    printf("block %ld\n", motte_block_size(block));
    printf("%ld MiB less\n", (before - motte_bank_used(bank) + MIB / 2) / MIB);
}

/* A frozen one is sent as a copy. */
static void keeps(void)
{
    int block = read_all();
    motte_block_freeze(block);
    launch(block);
    launch(block);
    printf("block %ld\n", motte_block_size(block));
}

/* What is no block of bitcode; a refused block is gone as well. */
static void wrong(void)
{
    int launcher = motte_grant("launcher"), block = read_all();
    printf("none %d\n", motte_draft_block(launcher, 0, 10));
    printf("no block %d\n", motte_draft_block(launcher, launcher, 10));
    printf("empty %d\n", motte_draft_block(launcher, motte_block_alloc(4096), 0));
    printf("beyond its end %d\n", motte_draft_block(launcher, motte_block_alloc(4096), 4097));
    printf("beyond the limit %d\n", motte_draft_block(launcher, motte_block_alloc(17 * MIB), 17 * MIB));
    int draft = motte_draft_block(launcher, block, size);
    printf("more %d\n", motte_draft_append(draft, "more", 4));
    size = 100;
    launch(motte_block_alloc(4096)); /* zeros */
}

/* Somebody else's bank pays for a block that was frozen there. */
static void waits(void)
{
    int draft = motte_draft_block(motte_grant("launcher"), motte_grant("block"), 10);
    struct motte_message message = {.room = 0};
    motte_call(motte_grant("ready"), &message, &message, -1);
    printf("compile %d\n", motte_draft_compile(draft, 0));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {{"launches", launches}, {"keeps", keeps}, {"wrong", wrong}, {"waits", waits}};
    for (unsigned i = 0; argc > 1 && i < sizeof all / sizeof *all; i++)
        if (!strcmp(argv[1], all[i].name))
            all[i].run();
    return 0;
}
