#include "aligned_access.h"

#include <string.h>

enum { LONGEST_INSTRUCTION = 15 };
enum { MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3 };
enum { PREFIX_NONE = 0, PREFIX_66 = 1 };

/* What the bytes before the ModRM byte say. */
struct opcode {
    bool vex;           /* VEX or EVEX */
    bool in_block;      /* 64 */
    bool short_address; /* 67 */
    bool repeated;      /* f2 or f3, in legacy forms */
    uint8_t map, prefix, number;
    uint8_t index_high, base_high; /* 8 or 0: the fourth bit of these registers' numbers */
    uint8_t displacement_scale;    /* of an 8-bit displacement */
    const uint8_t *operand;        /* the ModRM byte */
};

/* --- which instructions ------------------------------------------------------------------------------------------ */

/* Vector instructions in VEX and EVEX forms demand alignment only where their name says so: vmovaps/vmovapd,
 * vmovntps/vmovntpd, vmovdqa, vmovntdq, vmovntdqa. */
static bool vector_is_aligned(const struct opcode *opcode)
{
    if (opcode->map == MAP_0F38)
        return opcode->number == 0x2a && opcode->prefix == PREFIX_66;
    if (opcode->map != MAP_0F)
        return false;
    switch (opcode->number) {
    case 0x28:
    case 0x29:
    case 0x2b:
        return opcode->prefix <= PREFIX_66;
    case 0x6f:
    case 0x7f:
    case 0xe7:
        return opcode->prefix == PREFIX_66;
    default:
        return false;
    }
}

/* Legacy SSE demands alignment of every 16-byte operand but those of movups, movupd, movdqu and lddqu; narrower
 * operands cannot raise #GP, so they need no telling apart.  cmpxchg16b demands it as well. */
static bool legacy_is_aligned(const struct opcode *opcode)
{
    uint8_t number = opcode->number;
    if (opcode->map != MAP_0F)
        return opcode->map == MAP_0F38 || opcode->map == MAP_0F3A;
    if (number == 0x10 || number == 0x11 || number == 0xf0 || (opcode->repeated && (number == 0x6f || number == 0x7f)))
        return false;
    return (0x12 <= number && number <= 0x17) || (0x28 <= number && number <= 0x2f)
        || (0x50 <= number && number <= 0x7f) || number == 0xc2 || number == 0xc6 || number == 0xc7 || number >= 0xd0;
}

static bool writes(const struct opcode *opcode)
{
    static const uint8_t stores[] = {0x13, 0x17, 0x29, 0x2b, 0x7f, 0xc7, 0xe7};
    return opcode->map == MAP_0F && memchr(stores, opcode->number, sizeof stores) != NULL;
}

/* --- decoding ---------------------------------------------------------------------------------------------------- */

static const uint8_t *skip_prefixes(const uint8_t *next, struct opcode *opcode)
{
    for (;; next++) {
        switch (*next) {
        case 0x64:
            opcode->in_block = true;
            break;
        case 0x65:
        case 0xf0:
            break;
        case 0x66:
            opcode->prefix = PREFIX_66;
            break;
        case 0x67:
            opcode->short_address = true;
            break;
        case 0xf2:
        case 0xf3:
            opcode->repeated = true;
            break;
        default:
            return next;
        }
    }
}

/* VEX and EVEX store these bits inverted. */
static uint8_t inverted_high(uint8_t byte, unsigned bit)
{
    return byte >> bit & 1 ? 0 : 8;
}

static bool decode_opcode(const uint8_t *bytes, struct opcode *opcode)
{
    const uint8_t *next = skip_prefixes(bytes, opcode);
    opcode->displacement_scale = 1;
    opcode->vex = next[0] == 0xc5 || next[0] == 0xc4 || next[0] == 0x62;
    switch (next[0]) {
    case 0xc5: /* R vvvv L pp */
        opcode->map = MAP_0F;
        opcode->prefix = next[1] & 3;
        opcode->number = next[2];
        opcode->operand = next + 3;
        return true;
    case 0xc4: /* RXB mmmmm, W vvvv L pp */
        opcode->map = next[1] & 31;
        opcode->prefix = next[2] & 3;
        opcode->number = next[3];
        opcode->operand = next + 4;
        break;
    case 0x62: /* RXBR' 0 mmm, W vvvv 1 pp, z L'L b V' aaa; aligned moves scale displacements by the vector's size */
        opcode->map = next[1] & 7;
        opcode->prefix = next[2] & 3;
        opcode->displacement_scale = (uint8_t)(16 << (next[3] >> 5 & 3));
        opcode->number = next[4];
        opcode->operand = next + 5;
        break;
    default:
        if ((next[0] & 0xf0) == 0x40) {
            opcode->index_high = next[0] & 2 ? 8 : 0;
            opcode->base_high = next[0] & 1 ? 8 : 0;
            next++;
        }
        if (*next++ != 0x0f)
            return false;
        opcode->map = *next == 0x38 ? MAP_0F38 : *next == 0x3a ? MAP_0F3A : MAP_0F;
        next += opcode->map != MAP_0F;
        opcode->number = *next;
        opcode->operand = next + 1;
        return true;
    }
    opcode->index_high = inverted_high(next[1], 6);
    opcode->base_high = inverted_high(next[1], 5);
    return true;
}

static uint64_t displacement(const uint8_t *bytes, bool wide, uint8_t scale)
{
    int32_t value = (int8_t)bytes[0] * scale;
    if (wide)
        memcpy(&value, bytes, sizeof value);
    return (uint64_t)(int64_t)value;
}

/* The address of a memory operand; verified code has none that is relative to rip. */
static uint64_t operand_address(const struct opcode *opcode, const uint64_t registers[16])
{
    enum { HAS_SIB = 4, NO_INDEX = 4, NO_BASE = 5 };
    const uint8_t *next = opcode->operand;
    uint8_t mode = *next >> 6, base = *next & 7;
    uint64_t address = 0;
    next++;
    if (base == HAS_SIB) {
        uint8_t index = (uint8_t)((*next >> 3 & 7) | opcode->index_high);
        base = *next & 7;
        if (index != NO_INDEX)
            address += registers[index] << (*next >> 6);
        next++;
    }
    if (mode == 0 && base == NO_BASE)
        return address + displacement(next, true, 1);
    address += registers[base | opcode->base_high];
    if (mode == 1 || mode == 2)
        address += displacement(next, mode == 2, opcode->displacement_scale);
    return address;
}

bool aligned_access_decode(const uint8_t *code, size_t available, const uint64_t registers[16],
                           struct aligned_access *access)
{
    /* A copy with zeros behind it, so that fields can be read without looking at the end each time. */
    uint8_t bytes[2 * LONGEST_INSTRUCTION] = {0};
    struct opcode opcode = {.operand = NULL};
    memcpy(bytes, code, available < LONGEST_INSTRUCTION ? available : LONGEST_INSTRUCTION);
    if (!decode_opcode(bytes, &opcode) || !(opcode.vex ? vector_is_aligned(&opcode) : legacy_is_aligned(&opcode)))
        return false;
    uint64_t address = operand_address(&opcode, registers);
    access->writes = writes(&opcode);
    access->in_block = opcode.in_block;
    access->in_window = opcode.short_address && !opcode.in_block;
    access->address = opcode.short_address ? (uint32_t)address : address;
    return true;
}
