/* D1: one instruction's bytes, taken apart. */
#ifndef MOTTE_VERIFIER_DECODE_H
#define MOTTE_VERIFIER_DECODE_H

#include "forms.h"

enum encoding { ENCODING_LEGACY, ENCODING_VEX2, ENCODING_VEX3, ENCODING_EVEX, ENCODING_XOP };

enum {
    LONGEST_INSTRUCTION = 15,
    /* What the decoder may look at: five prefixes, three bytes of opcode, ModRM, SIB, displacement and immediate. */
    DECODE_WINDOW = 32,
    NO_REGISTER = 0xff,
    INSTRUCTION_POINTER = 0xfe,
    STACK_POINTER = 4, /* the processor's number of rsp */
};

struct instruction {
    const uint8_t *bytes; /* DECODE_WINDOW of them can be read */
    const struct form *form;
    uint8_t length;

    /* The prefixes, in the one accepted order. */
    bool segment; /* 65; 64, in programs that reach blocks */
    bool address_size, operand_size, has_rex;
    uint8_t lock_or_repeat; /* f0, f2, f3, or 0 */
    uint8_t prefix_count;   /* bytes before the opcode, VEX or EVEX */

    /* Of REX, VEX or EVEX: what each bit adds, so 0 for a bit that is stored inverted and set. */
    uint8_t encoding; /* enum encoding */
    uint8_t w, r, x, b;
    uint8_t r_high, v_high, vvvv; /* EVEX: bit 4 of reg and of vvvv; VEX and EVEX: bits 0 to 3 */
    uint8_t vector_length;        /* as encoded: 0 to 3 */
    uint8_t map_is_0f;            /* VEX: could be encoded in two bytes */
    uint8_t mask, zeroing, broadcast; /* EVEX: aaa, z and b */

    uint8_t opcode;
    uint8_t has_modrm, mod, reg, rm; /* the fields of ModRM, without the bits above */
    /* The memory operand, where mod is not 3. */
    uint8_t has_sib, scale_log2;
    uint8_t base, index; /* full register numbers, NO_REGISTER, or INSTRUCTION_POINTER */
    int32_t displacement;

    uint8_t immediate_at, immediate_size;
};

/* Takes apart what `bytes` (DECODE_WINDOW of them) begin with, of a program that reaches blocks or does not.  False if that is
 * no instruction; then nothing but the prefixes is set. */
bool decode(const uint8_t *bytes, bool reaches_blocks, struct instruction *instruction);

static inline bool has_memory(const struct instruction *instruction)
{
    return instruction->has_modrm && instruction->mod != 3;
}

/* The immediate, sign-extended. */
int64_t immediate_of(const struct instruction *instruction);

#endif
