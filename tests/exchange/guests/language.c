/* Does the same in its window and in a checked block, and says whether that came to the same. */
#include <motte.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = 16384 };

static uint64_t twice(uint64_t value) { return 2 * value; }
static uint64_t plus_three(uint64_t value) { return value + 3; }

#define SPACE
#define NAME(name) window_##name
#include "language.h"
#undef SPACE
#undef NAME

#define SPACE MOTTE_BLOCK
#define NAME(name) block_##name
#include "language.h"

static uint8_t memory[SIZE], copied[SIZE];

int main(void)
{
    int block = motte_block_alloc_checked(SIZE);
    motte_block_byte *bytes = motte_block_open(block);
    uint64_t wanted = window_all(memory, SIZE), found = block_all(bytes, SIZE);
    motte_block_read(copied, bytes, SIZE);
    if (wanted != found) {
        printf("%llx in the window, %llx in a block\n", (unsigned long long)wanted, (unsigned long long)found);
        return 1;
    }
    motte_block_fill(bytes, 1, SIZE);
    motte_block_move(bytes + 100, bytes + 50, 9000);
    for (int size = 0; size < 300; size++) {
        for (int i = 0; i < 400; i++)
            memory[i] = bytes[i] = (uint8_t)(i * 13 + size);
        memmove(memory + 40, memory + 7, (size_t)size);
        motte_block_move(bytes + 40, bytes + 7, (unsigned long)size);
        memmove(memory + 11, memory + 90, (size_t)size);
        motte_block_move(bytes + 11, bytes + 90, (unsigned long)size);
        motte_block_write(bytes + 3, memory + 5, (unsigned long)size);
        memmove(memory + 3, memory + 5, (size_t)size);
        memset(memory + 350, size, 9);
        motte_block_fill(bytes + 350, size, 9);
        motte_block_read(copied, bytes, 400);
        for (int i = 0; i < 400; i++)
            if (size < 80 && copied[i] != memory[i]) {
                printf("byte %d after copies of %d: %d and not %d\n", i, size, copied[i], memory[i]);
                return 2;
            }
    }
    puts("the same");
    return 0;
}
