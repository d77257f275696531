/* Functions that are called from Python, and have a block open all the time. */
#include <motte.h>
#include <stdint.h>

static motte_block_byte *bytes;

int begin(void)
{
    bytes = motte_block_open(motte_block_alloc_checked(4096));
    return bytes != 0;
}

int put(int at, int value)
{
    return bytes[at] = (unsigned char)value;
}

int sum(int turns)
{
    int result = 0;
    for (int turn = 0; turn < turns; turn++)
        for (int i = 0; i < 4096; i++)
            result += ((volatile motte_block_byte *)bytes)[i];
    return result;
}
