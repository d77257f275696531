// Templates over both spaces.
#include <motte.h>
#include <cstdint>

template <typename Pointer> static uint64_t sum_of(Pointer numbers, int count)
{
    uint64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += numbers[i] = static_cast<uint64_t>(i) * 5;
    for (int i = 0; i < count; i++)
        sum = sum * 31 + numbers[count - 1 - i];
    return sum;
}

int main()
{
    static uint64_t window[500];
    auto *block = reinterpret_cast<MOTTE_BLOCK uint64_t *>(motte_block_open(motte_block_alloc_checked(4096)));
    return sum_of(window, 500) == sum_of(block, 500) ? 0 : 1;
}
