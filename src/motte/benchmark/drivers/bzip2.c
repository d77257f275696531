/* bzip2: compress and restore half a megabyte. */
#include "measure.h"
#include "compressible.h"
#include "bzlib.h"

static uint64_t kernel(void)
{
    enum { SIZE = 1 << 19 };
    static unsigned char *data;
    static char packed[SIZE + SIZE / 8], restored[SIZE];
    if (!data)
        data = compressible(SIZE);
    unsigned packed_size = sizeof packed, restored_size = SIZE;
    if (BZ2_bzBuffToBuffCompress(packed, &packed_size, (char *)data, SIZE, 9, 0, 0) != BZ_OK ||
        BZ2_bzBuffToBuffDecompress(restored, &restored_size, packed, packed_size, 0, 0) != BZ_OK ||
        memcmp(data, restored, SIZE))
        exit(1);
    uint64_t sum = packed_size;
    for (unsigned i = 0; i < packed_size; i += 61)
        sum = sum * 31 + (unsigned char)packed[i];
    return sum;
}

void bz_internal_error(int code) { exit(code); }
