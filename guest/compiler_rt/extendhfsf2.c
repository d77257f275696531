/* Half precision to single precision, which is exact. */

#include <stdint.h>

float __extendhfsf2(_Float16 number)
{
    union { _Float16 number; uint16_t bits; } half = {number};
    union { uint32_t bits; float number; } result;
    uint32_t magnitude = half.bits & 0x7fff;
    uint32_t sign = (uint32_t)(half.bits & 0x8000) << 16;

    if (magnitude >= 0x7c00) { /* infinity or NaN, made quiet */
        result.bits = sign | 0x7f800000 | magnitude << 13 | (magnitude > 0x7c00 ? 0x400000 : 0);
    } else if (magnitude >= 0x0400) {
        result.bits = sign | ((magnitude << 13) + ((127 - 15) << 23));
    } else { /* zero or subnormal: an integer multiple of 2**-24 */
        result.number = (float)magnitude * 0x1p-24f;
        result.bits |= sign;
    }
    return result.number;
}
