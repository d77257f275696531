/* idea: find something with a pointer into checked blocks that is not in the block that is open: another block, the host's variables, what was sent
   stopped by: nothing else lies within 4 GiB of the FS base, and a block that is sent is not there any more; alone, the first look ends it
   expect: 139 CHECKED_BLOCK read 0x0 */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>

typedef volatile motte_block_byte byte;

enum { CELL = 4 << 20, CELLS = 1024 };

/* The beginning, where a compiler expects a canary, and where a thread has its variables, if the next cell were its base. */
static unsigned long look_into(uint32_t cell)
{
    static const uint32_t places[] = {0, 40, CELL - 8};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        (void)*(byte *)(uintptr_t)(cell * (uint32_t)CELL + places[i]);
    return sizeof places / sizeof places[0];
}

static unsigned long look_everywhere(void)
{
    unsigned long looks = 0;
    for (uint32_t cell = 0; cell < CELLS; cell++)
        looks += look_into(cell);
    return looks;
}

int main(void)
{
    int ends[2], block = motte_block_alloc_checked(1), other = motte_block_alloc_checked(1);
    byte *others = motte_block_open(other), *bytes;
    *others = 1;
    bytes = motte_block_open(block);
    *bytes = 2;
    unsigned long looks = look_everywhere();
    struct motte_message message = {.blocks = {block}, .block_count = 1};
    if (motte_channel_create(1, 64, ends) < 0 || motte_send(ends[0], &message, 0) < 0)
        return 1;
    *bytes = 3;
    looks += 1 + look_everywhere();
    printf("%lu %lu\n", (unsigned long)bytes, looks);
    return 0;
}
