/* zlib: compress and restore a megabyte. */
#include "measure.h"
#include "compressible.h"
#include "zlib.h"

static uint64_t kernel(void)
{
    enum { SIZE = 1 << 20 };
    static unsigned char *data;
    static unsigned char packed[SIZE + SIZE / 8], restored[SIZE];
    if (!data)
        data = compressible(SIZE);
    uLongf packed_size = sizeof packed, restored_size = SIZE;
    if (compress2(packed, &packed_size, data, SIZE, 6) != Z_OK ||
        uncompress(restored, &restored_size, packed, packed_size) != Z_OK || memcmp(data, restored, SIZE))
        exit(1);
    return (uint64_t)packed_size << 32 | crc32(0, packed, (uInt)packed_size);
}
