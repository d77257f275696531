/* Table-driven CRC-32: a byte load and a table load a step. */
#include "measure.h"

static uint32_t table[256];
static uint8_t data[1 << 16];

static uint64_t kernel(void)
{
    uint64_t seed = 23;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t r = i;
        for (int bit = 0; bit < 8; bit++)
            r = r & 1 ? r >> 1 ^ 0xEDB88320u : r >> 1;
        table[i] = r;
    }
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)next_random(&seed);
    uint32_t crc = ~0u;
    for (int round = 0; round < 40; round++)
        for (size_t i = 0; i < sizeof data; i++)
            crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    return crc;
}
