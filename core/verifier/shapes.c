/* The problem: an indirect call or jump goes wherever a register points, and no check before it counts if control can
 * arrive behind the check.
 *
 * The answer: the check and the transfer are one *unit*, recognised byte by byte by looking back from its last
 * instruction; the instructions inside stop being places at which a jump may arrive.
 *
 * C2, indirect call (or jmpq), where FT is this program's function table and %rX32 any register but esp:
 *
 *     movl %rX32, %r10d        41 89 /r, or 45 89 /r
 *     andl $mask, %r10d        41 81 e2 imm32
 *     cmpl $class, FT+8(%r10)  (an effect of its own)
 *     jne  trap                75 rel8, or 0f 85 rel32
 *     callq *FT(%r10)          (an effect of its own)
 *
 * C3, switch, with one register X, not rsp:
 *
 *     movzbl %Xl, %eX | movzwl %Xw, %eX | andl $(2^n - 1), %eX
 *     jmpq *JT(,%rX,8)         (an effect of its own)
 *
 * Each 32-bit write clears the upper half of its register, so r10 and rX are proven within their tables.
 */
#include "shapes.h"

#include <string.h>

enum { CLASS_OFFSET = 8, ESP = 4 };

/* --- C2 ----------------------------------------------------------------------------------------------------------- */

static bool moves_to_r10d(const uint8_t *bytes, unsigned length)
{
    if (length != 3 || (bytes[0] & ~4) != 0x41 || bytes[1] != 0x89 || (bytes[2] & 0xc7) != 0xc2)
        return false;
    unsigned source = (bytes[2] >> 3 & 7) | (bytes[0] & 4) << 1;
    return source != ESP;
}

static bool masks_r10d(const uint8_t *bytes, unsigned length, uint32_t mask)
{
    static const uint8_t andl_r10d[] = {0x41, 0x81, 0xe2};
    return length == 7 && memcmp(bytes, andl_r10d, sizeof andl_r10d) == 0 && memcmp(bytes + 3, &mask, sizeof mask) == 0;
}

static bool is_jne(const uint8_t *bytes)
{
    return bytes[0] == 0x75 || (bytes[0] == 0x0f && bytes[1] == 0x85);
}

enum motte_rule indirect_call(const uint8_t *code, const struct step steps[CALL_LENGTH], uint64_t function_table,
                              uint32_t mask, struct effect *effect)
{
    const struct step *move = &steps[0], *conjunction = &steps[1], *compare = &steps[2], *branch = &steps[3],
                      *transfer = &steps[4];
    bool is_shape = moves_to_r10d(code + move->offset, move->length) &&
                    masks_r10d(code + conjunction->offset, conjunction->length, mask) &&
                    compare->effect.kind == EFFECT_TABLE_COMPARE &&
                    compare->effect.first == (int64_t)function_table + CLASS_OFFSET &&
                    branch->effect.kind == EFFECT_BRANCH && is_jne(code + branch->offset) &&
                    transfer->effect.first == (int64_t)function_table;
    if (!is_shape)
        return MOTTE_RULE_C2;
    effect->kind = transfer->effect.kind == EFFECT_TABLE_CALL ? EFFECT_INDIRECT_CALL : EFFECT_INDIRECT_JUMP;
    effect->first = compare->effect.second;
    effect->second = transfer->offset + branch->effect.first;
    return MOTTE_RULE_NONE;
}

/* --- C3 ----------------------------------------------------------------------------------------------------------- */

/* A register, and how many values its masking leaves it. */
struct masked {
    bool is_masked;
    unsigned number;
    int64_t entries;
};

/* movzbl or movzwl from the low part of a register to all its 32 bits. */
static struct masked extension(const uint8_t *bytes, unsigned length)
{
    bool has_rex = length == 4;
    unsigned high = has_rex && (bytes[0] & 5) == 5 ? 8 : 0;
    if (has_rex && bytes[0] != (high ? 0x45 : 0x40))
        return (struct masked){0};
    const uint8_t *opcode = bytes + has_rex;
    if (opcode[0] != 0x0f || (opcode[1] & ~1) != 0xb6 || opcode[2] < 0xc0 || (opcode[2] & 7) != (opcode[2] >> 3 & 7))
        return (struct masked){0};
    bool is_byte = opcode[1] == 0xb6;
    unsigned low = opcode[2] & 7;
    /* Without REX, number 6 of a byte is dh and not sil; with an idle one, a word would be encoded too long. */
    bool needs_rex = high || (is_byte && low >= 4);
    return (struct masked){has_rex == needs_rex && (low | high) != ESP, low | high, is_byte ? 1 << 8 : 1 << 16};
}

/* andl of an immediate. */
static struct masked conjunction(const uint8_t *bytes, unsigned length)
{
    unsigned high = 0;
    if (bytes[0] == 0x41) {
        high = 8;
        bytes++, length--;
    }
    int64_t mask;
    unsigned number = 0;
    if (length == 5 && bytes[0] == 0x25) {
        int32_t immediate;
        memcpy(&immediate, bytes + 1, sizeof immediate);
        mask = immediate;
    } else if (length == 6 && bytes[0] == 0x81 && (bytes[1] & 0xf8) == 0xe0) {
        int32_t immediate;
        memcpy(&immediate, bytes + 2, sizeof immediate);
        mask = immediate;
        number = high | (bytes[1] & 7);
    } else if (length == 3 && bytes[0] == 0x83 && (bytes[1] & 0xf8) == 0xe0) {
        mask = (int8_t)bytes[2];
        number = high | (bytes[1] & 7);
    } else {
        return (struct masked){0};
    }
    return (struct masked){mask >= 0 && (mask & (mask + 1)) == 0, number, mask + 1};
}

enum motte_rule switch_jump(const uint8_t *code, const struct step steps[SWITCH_LENGTH], struct effect *effect)
{
    const struct step *mask = &steps[0], *transfer = &steps[1];
    if (mask->length < 3)
        return MOTTE_RULE_C3;
    struct masked index = mask->length <= 4 ? extension(code + mask->offset, mask->length) : (struct masked){0};
    if (!index.is_masked)
        index = conjunction(code + mask->offset, mask->length);
    if (!index.is_masked || index.number != transfer->effect.first)
        return MOTTE_RULE_C3;
    *effect = (struct effect){EFFECT_SWITCH, transfer->effect.second, index.entries};
    return MOTTE_RULE_NONE;
}
