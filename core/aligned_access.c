#include "aligned_access.h"

enum { LONGEST_INSTRUCTION = 15 };
enum { MAP_0F = 1, MAP_0F38 = 2, PREFIX_66 = 1 };

static bool is_legacy_prefix(uint8_t byte)
{
    return byte == 0x65 || byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

/* Vector instructions in VEX and EVEX forms demand alignment only where their name says so: vmovaps/vmovapd,
 * vmovntps/vmovntpd, vmovdqa, vmovntdq, vmovntdqa. */
static bool vector_is_aligned(unsigned map, unsigned prefix, uint8_t opcode)
{
    if (map == MAP_0F38)
        return opcode == 0x2a && prefix == PREFIX_66;
    if (map != MAP_0F)
        return false;
    switch (opcode) {
    case 0x28:
    case 0x29:
    case 0x2b:
        return prefix <= PREFIX_66;
    case 0x6f:
    case 0x7f:
    case 0xe7:
        return prefix == PREFIX_66;
    default:
        return false;
    }
}

/* Legacy SSE demands alignment of every 16-byte operand but those of movups, movupd, movdqu and lddqu; narrower operands
 * cannot raise #GP, so they need no telling apart.  cmpxchg16b demands it as well. */
static bool legacy_is_aligned(uint8_t opcode, bool repeated)
{
    bool unaligned_move = opcode == 0x10 || opcode == 0x11 || (repeated && (opcode == 0x6f || opcode == 0x7f))
                       || opcode == 0xf0;
    bool vector = (0x10 <= opcode && opcode <= 0x17) || (0x28 <= opcode && opcode <= 0x2f)
               || (0x50 <= opcode && opcode <= 0x7f) || opcode == 0xc2 || opcode == 0xc6 || opcode >= 0xd0;
    bool three_byte = opcode == 0x38 || opcode == 0x3a;
    bool compare_exchange = opcode == 0xc7;
    return three_byte || compare_exchange || (vector && !unaligned_move);
}

bool access_must_be_aligned(const uint8_t *code, size_t available)
{
    /* A copy, so that the opcode's fields can be read without looking at the end each time. */
    uint8_t bytes[LONGEST_INSTRUCTION + 8] = {0};
    for (size_t i = 0; i < LONGEST_INSTRUCTION && i < available; i++)
        bytes[i] = code[i];

    size_t at = 0;
    bool repeated = false;
    for (; at < LONGEST_INSTRUCTION && is_legacy_prefix(bytes[at]); at++)
        repeated |= bytes[at] == 0xf3 || bytes[at] == 0xf2;

    const uint8_t *next = bytes + at;
    if (next[0] == 0xc5) /* two-byte VEX: R vvvv L pp, map 0F */
        return vector_is_aligned(MAP_0F, next[1] & 3, next[2]);
    if (next[0] == 0xc4) /* three-byte VEX: RXB mmmmm, W vvvv L pp */
        return vector_is_aligned(next[1] & 31, next[2] & 3, next[3]);
    if (next[0] == 0x62) /* EVEX: RXBR' 0 mmm, W vvvv 1 pp, ... */
        return vector_is_aligned(next[1] & 7, next[2] & 3, next[4]);
    if ((next[0] & 0xf0) == 0x40) /* REX */
        next++;
    return next[0] == 0x0f && legacy_is_aligned(next[1], repeated);
}
