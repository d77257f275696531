/* D5: the table of all forms of instructions, generated from the allow-list (generate_forms.py).
 *
 * A *form* is an opcode together with the prefixes, W, vector length and ModRM that choose among its meanings.  Forms
 * that no program may use are in the table, with the rule that refuses them; what is not in it does not decode.
 */
#ifndef MOTTE_VERIFIER_FORMS_H
#define MOTTE_VERIFIER_FORMS_H

#include <stdbool.h>
#include <stdint.h>

/* What an instruction does to the stack or to control: the language between decoding and walking. */
enum effect_kind {
    EFFECT_NONE,
    EFFECT_ACCESS,        /* first: displacement from rsp; second: width */
    EFFECT_PUSH,
    EFFECT_POP,
    EFFECT_ADJUST,        /* first: bytes by which the height grows */
    EFFECT_CALL,          /* first: displacement from the instruction's end */
    EFFECT_JUMP,          /* as for CALL */
    EFFECT_BRANCH,        /* as for CALL */
    EFFECT_RETURN,
    EFFECT_TRAP,          /* first: whether a class check leads to it; set by heights.c */
    EFFECT_TABLE_COMPARE, /* first: displacement from r10; second: class */
    EFFECT_TABLE_CALL,    /* first: displacement from r10 */
    EFFECT_TABLE_JUMP,    /* first: displacement from r10 */
    EFFECT_INDEX_JUMP,    /* first: number of the index register; second: address of the table */
    /* Whole shapes, made by shapes.c of the ones before. */
    EFFECT_INDIRECT_CALL, /* first: class; second: offset of the trap */
    EFFECT_INDIRECT_JUMP, /* first: class; second: offset of the trap */
    EFFECT_SWITCH,        /* first: address of the table; second: entries that the mask admits */
};

struct effect {
    enum effect_kind kind;
    int64_t first, second;
};

/* Forms for which a rule has a word of its own. */
enum trait {
    TRAIT_NONE,
    TRAIT_ADDRESS,    /* lea: computes, and does not access */
    TRAIT_ADD,        /* add of an immediate to a 64-bit register: may move rsp */
    TRAIT_SUBTRACT,   /* sub, likewise */
    TRAIT_COMPARISON, /* cmp of 32 bits with an immediate: may check a class */
    TRAIT_BIT_STRING, /* with a memory operand, the register is a bit offset from it */
    TRAIT_COUNT_JUMP, /* jrcxz: another form with 67 */
};

/* What a field of the encoding names. */
enum field { FIELD_NONE, FIELD_BYTE, FIELD_GENERAL, FIELD_VECTOR, FIELD_MASK, FIELD_OTHER };

enum form_flag {
    FORM_ALLOWS_66 = 1 << 0,  /* legacy: 66 belongs to the opcode, or makes the operand size */
    FORM_NEEDS_F3 = 1 << 1,   /* legacy: belongs to the opcode */
    FORM_NEEDS_F2 = 1 << 2,
    FORM_LOCKABLE = 1 << 3,
    FORM_USES_W = 1 << 4,     /* W distinguishes this form from another; otherwise it must be 0 */
    FORM_IGNORES_LENGTH = 1 << 5,
    FORM_REGISTER_IN_IMMEDIATE = 1 << 6,
    FORM_MASKABLE = 1 << 7,
    FORM_NEEDS_MASK = 1 << 8,
    FORM_ZEROABLE = 1 << 9,
    FORM_BROADCASTS = 1 << 10,
    FORM_ROUNDS = 1 << 11,
    FORM_SUPPRESSES_EXCEPTIONS = 1 << 12,
    FORM_ABSOLUTE_OFFSET = 1 << 13, /* the immediate is an address, shorter with 67 */
    FORM_IGNORES_REG = 1 << 14,     /* ModRM.reg says nothing */
    FORM_NEEDS_OWN_DESTINATION = 1 << 15, /* reg is a vector register other than vvvv and rm */
    FORM_IGNORES_ROUNDING = 1 << 16,      /* may name a rounding mode, and never rounds */
};

struct form {
    uint8_t refusal; /* enum motte_rule; MOTTE_RULE_NONE if the form is listed */
    uint8_t effect;  /* enum effect_kind */
    uint8_t trait;
    uint8_t immediate_size;        /* bytes */
    uint8_t reg, rm, vvvv, opcode; /* enum field */
    uint8_t width, broadcast_width;          /* bytes of a memory access */
    uint8_t unit_log2, broadcast_unit_log2;  /* of what an EVEX disp8 counts */
    uint32_t flags;
};

/* Where the form of an instruction is looked for. */
enum opcode_map {
    MAP_LEGACY, MAP_LEGACY_0F, MAP_LEGACY_0F38, MAP_LEGACY_0F3A, MAP_3DNOW,
    MAP_VEX_0F, MAP_VEX_0F38, MAP_VEX_0F3A,
    MAP_EVEX_0F, MAP_EVEX_0F38, MAP_EVEX_0F3A, MAP_EVEX_5, MAP_EVEX_6,
    MAP_XOP_8, MAP_XOP_9, MAP_XOP_10,
    MAP_NONE,
};

/* A choice among the forms of one opcode. */
struct selector {
    uint8_t prefixes; /* enum selector_prefixes */
    uint8_t w, length;
    uint8_t modrm;    /* the whole byte; anything if the opcode has none */
};

enum selector_prefixes { PREFIXES_NONE, PREFIXES_66, PREFIXES_F3, PREFIXES_F2, PREFIXES_66_F3, PREFIXES_66_F2 };

/* Whether ModRM follows the opcode. */
bool opcode_has_modrm(enum opcode_map map, uint8_t opcode);

/* Never NULL: what does not decode has refusal MOTTE_RULE_D1. */
const struct form *form_lookup(enum opcode_map map, uint8_t opcode, struct selector selector);

#endif
