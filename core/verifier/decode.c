#include "decode.h"

#include <string.h>

#include "verify.h"

/* --- prefixes --------------------------------------------------------------------------------------------------- */

static void read_prefixes(const uint8_t *bytes, struct instruction *instruction)
{
    unsigned at = 0;
    if (bytes[at] == 0x65)
        instruction->gs = true, at++;
    if (bytes[at] == 0x67)
        instruction->address_size = true, at++;
    if (bytes[at] == 0x66)
        instruction->operand_size = true, at++;
    if (bytes[at] == 0xf0 || bytes[at] == 0xf2 || bytes[at] == 0xf3)
        instruction->lock_or_repeat = bytes[at++];
    if ((bytes[at] & 0xf0) == 0x40) {
        uint8_t rex = bytes[at++];
        instruction->has_rex = true;
        instruction->w = rex >> 3 & 1;
        instruction->r = rex >> 2 & 1;
        instruction->x = rex >> 1 & 1;
        instruction->b = rex & 1;
    }
    instruction->prefix_count = (uint8_t)at;
}

static enum selector_prefixes legacy_prefixes(const struct instruction *instruction)
{
    bool has_66 = instruction->operand_size;
    switch (instruction->lock_or_repeat) {
    case 0xf3:
        return has_66 ? PREFIXES_66_F3 : PREFIXES_F3;
    case 0xf2:
        return has_66 ? PREFIXES_66_F2 : PREFIXES_F2;
    default:
        return has_66 ? PREFIXES_66 : PREFIXES_NONE;
    }
}

/* --- opcode maps: each returns the map, leaves the opcode's place in *at, and the prefixes' meaning in *chosen ----- */

static enum opcode_map legacy_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    *chosen = legacy_prefixes(instruction);
    if (instruction->bytes[*at] != 0x0f)
        return MAP_LEGACY;
    switch (instruction->bytes[++*at]) {
    case 0x0f:
        return MAP_3DNOW;
    case 0x38:
        ++*at;
        return MAP_LEGACY_0F38;
    case 0x3a:
        ++*at;
        return MAP_LEGACY_0F3A;
    default:
        return MAP_LEGACY_0F;
    }
}

/* Bits 7 to 5 of the first payload byte, inverted; the same place in VEX, EVEX and XOP. */
static void extension_bits(struct instruction *instruction, uint8_t byte)
{
    instruction->r = !(byte >> 7 & 1);
    instruction->x = !(byte >> 6 & 1);
    instruction->b = !(byte >> 5 & 1);
}

/* W, vvvv and pp: the same place in all of them, too. */
static enum selector_prefixes vector_bits(struct instruction *instruction, uint8_t byte)
{
    instruction->w = byte >> 7;
    instruction->vvvv = ~(byte >> 3) & 15;
    return byte & 3;
}

static enum opcode_map vex2_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    uint8_t byte = instruction->bytes[*at + 1];
    instruction->encoding = ENCODING_VEX2;
    *chosen = vector_bits(instruction, byte);
    instruction->w = 0; /* the bit is R here */
    instruction->r = !(byte >> 7);
    instruction->vector_length = byte >> 2 & 1;
    *at += 2;
    return MAP_VEX_0F;
}

static enum opcode_map vex3_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    static const uint8_t maps[32] = {
        [0] = MAP_NONE, [1] = MAP_VEX_0F, [2] = MAP_VEX_0F38, [3] = MAP_VEX_0F3A, [4] = MAP_NONE,
    };
    static const uint8_t xop_maps[32] = {[8] = MAP_XOP_8, [9] = MAP_XOP_9, [10] = MAP_XOP_10};
    const uint8_t *payload = instruction->bytes + *at + 1;
    unsigned map = payload[0] & 31;
    extension_bits(instruction, payload[0]);
    *chosen = vector_bits(instruction, payload[1]);
    instruction->vector_length = payload[1] >> 2 & 1;
    instruction->map_is_0f = map == 1;
    if (instruction->bytes[*at] == 0x8f) {
        instruction->encoding = ENCODING_XOP;
        *at += 3;
        return map <= 10 ? xop_maps[map] : MAP_NONE;
    }
    instruction->encoding = ENCODING_VEX3;
    *at += 3;
    return map <= 3 ? maps[map] : MAP_NONE;
}

static enum opcode_map evex_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    static const uint8_t maps[8] = {
        [0] = MAP_NONE, [1] = MAP_EVEX_0F, [2] = MAP_EVEX_0F38, [3] = MAP_EVEX_0F3A,
        [4] = MAP_NONE, [5] = MAP_EVEX_5,  [6] = MAP_EVEX_6,    [7] = MAP_NONE,
    };
    const uint8_t *payload = instruction->bytes + *at + 1;
    instruction->encoding = ENCODING_EVEX;
    extension_bits(instruction, payload[0]);
    instruction->r_high = !(payload[0] >> 4 & 1);
    *chosen = vector_bits(instruction, payload[1]);
    instruction->zeroing = payload[2] >> 7;
    instruction->vector_length = payload[2] >> 5 & 3;
    instruction->broadcast = payload[2] >> 4 & 1;
    instruction->v_high = !(payload[2] >> 3 & 1);
    instruction->mask = payload[2] & 7;
    *at += 4;
    bool reserved_bits = !(payload[0] & 8) && payload[1] & 4;
    return reserved_bits ? maps[payload[0] & 7] : MAP_NONE;
}

static enum opcode_map opcode_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    const uint8_t *bytes = instruction->bytes + *at;
    bool is_xop = bytes[0] == 0x8f && (bytes[1] & 31) >= 8;
    if (bytes[0] != 0xc4 && bytes[0] != 0xc5 && bytes[0] != 0x62 && !is_xop)
        return legacy_map(instruction, at, chosen);
    if (instruction->operand_size || instruction->lock_or_repeat || instruction->has_rex)
        return MAP_NONE; /* processors raise #UD */
    if (bytes[0] == 0xc5)
        return vex2_map(instruction, at, chosen);
    return bytes[0] == 0x62 ? evex_map(instruction, at, chosen) : vex3_map(instruction, at, chosen);
}

/* --- ModRM ------------------------------------------------------------------------------------------------------ */

static int32_t read_i32(const uint8_t *bytes)
{
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* ModRM, SIB and displacement; returns where they end. */
static unsigned read_modrm(struct instruction *instruction, unsigned at)
{
    const uint8_t *bytes = instruction->bytes;
    uint8_t modrm = bytes[at++];
    instruction->mod = modrm >> 6;
    instruction->reg = modrm >> 3 & 7;
    instruction->rm = modrm & 7;
    if (instruction->mod == 3)
        return at;
    instruction->index = NO_REGISTER;
    uint8_t low = instruction->rm;
    if (instruction->rm == 4) {
        uint8_t sib = bytes[at++];
        uint8_t index = (uint8_t)((sib >> 3 & 7) | instruction->x << 3);
        instruction->has_sib = 1;
        instruction->scale_log2 = sib >> 6;
        low = sib & 7;
        if (index != STACK_POINTER)
            instruction->index = index;
    }
    instruction->base = (uint8_t)(low | instruction->b << 3);
    if (instruction->mod == 0 && low == 5) {
        instruction->base = instruction->has_sib ? NO_REGISTER : INSTRUCTION_POINTER;
        instruction->displacement = read_i32(bytes + at);
        return at + 4;
    }
    if (instruction->mod == 1) {
        instruction->displacement = (int8_t)bytes[at];
        return at + 1;
    }
    if (instruction->mod == 2) {
        instruction->displacement = read_i32(bytes + at);
        return at + 4;
    }
    return at;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* EVEX: an 8-bit displacement counts units of the access. */
static void scale_displacement(struct instruction *instruction)
{
    const struct form *form = instruction->form;
    if (instruction->mod == 1)
        instruction->displacement *= 1 << (instruction->broadcast ? form->broadcast_unit_log2 : form->unit_log2);
}

static bool destination_is_a_source(const struct instruction *instruction)
{
    unsigned reg = instruction->reg | instruction->r << 3 | instruction->r_high << 4;
    unsigned vvvv = instruction->vvvv | instruction->v_high << 4;
    unsigned rm = instruction->rm | instruction->b << 3 | instruction->x << 4;
    return reg == vvvv || (instruction->mod == 3 && reg == rm);
}

/* What processors refuse to execute although the opcode exists. */
static bool is_valid(const struct instruction *instruction)
{
    const struct form *form = instruction->form;
    bool memory = has_memory(instruction);
    if (instruction->encoding == ENCODING_LEGACY)
        return instruction->lock_or_repeat != 0xf0 || (memory && form->flags & FORM_LOCKABLE);
    if (form->vvvv == FIELD_NONE && (instruction->vvvv | instruction->v_high))
        return false;
    if (form->reg == FIELD_MASK && (instruction->r | instruction->r_high))
        return false;
    if (form->vvvv == FIELD_MASK && instruction->vvvv > 7)
        return false;
    if (instruction->encoding != ENCODING_EVEX)
        return true;
    if (form->reg == FIELD_GENERAL && instruction->r_high)
        return false;
    if (form->vvvv == FIELD_GENERAL && instruction->v_high)
        return false;
    if (instruction->mask ? !(form->flags & FORM_MASKABLE) : form->flags & FORM_NEEDS_MASK)
        return false;
    if (form->flags & FORM_NEEDS_OWN_DESTINATION && destination_is_a_source(instruction))
        return false;
    if (instruction->zeroing && (!(form->flags & FORM_ZEROABLE) || !instruction->mask))
        return false;
    if (!instruction->broadcast)
        return true;
    return form->flags & (memory ? FORM_BROADCASTS : FORM_ROUNDS | FORM_SUPPRESSES_EXCEPTIONS);
}

/* The vector length that chooses the form: with b, a register form means all 512 bits, or a scalar. */
static uint8_t selecting_length(const struct instruction *instruction, uint8_t modrm)
{
    bool rounds = instruction->encoding == ENCODING_EVEX && instruction->broadcast && modrm >= 0xc0;
    return rounds ? 2 : instruction->vector_length;
}

bool decode(const uint8_t *bytes, struct instruction *instruction)
{
    *instruction = (struct instruction){.bytes = bytes};
    read_prefixes(bytes, instruction);
    unsigned at = instruction->prefix_count;
    enum selector_prefixes prefixes = PREFIXES_NONE;
    enum opcode_map map = opcode_map(instruction, &at, &prefixes);
    if (map == MAP_NONE)
        return false;
    uint8_t opcode = instruction->opcode = bytes[at++];
    if (map == MAP_LEGACY && opcode == 0x90 && instruction->b && instruction->lock_or_repeat != 0xf3)
        opcode = 0x91; /* 41 90 exchanges rax with r8: the form of 91 to 97, and no NOP; f3 41 90 is pause */
    uint8_t modrm = bytes[at];
    if (map == MAP_3DNOW) {
        instruction->has_modrm = 1;
        at = read_modrm(instruction, at);
        opcode = bytes[at++];
    } else if (opcode_has_modrm(map, opcode)) {
        instruction->has_modrm = 1;
        at = read_modrm(instruction, at);
    }
    struct selector selector = {(uint8_t)prefixes, instruction->w, selecting_length(instruction, modrm), modrm};
    const struct form *form = instruction->form = form_lookup(map, opcode, selector);
    if (form->refusal == MOTTE_RULE_D1 || !is_valid(instruction))
        return false;
    if (instruction->encoding == ENCODING_EVEX)
        scale_displacement(instruction);
    bool short_offset = form->flags & FORM_ABSOLUTE_OFFSET && instruction->address_size;
    instruction->immediate_at = (uint8_t)at;
    instruction->immediate_size = short_offset ? 4 : form->immediate_size;
    instruction->length = (uint8_t)(at + instruction->immediate_size);
    return instruction->length <= LONGEST_INSTRUCTION;
}

int64_t immediate_of(const struct instruction *instruction)
{
    const uint8_t *bytes = instruction->bytes + instruction->immediate_at;
    int64_t value = 0;
    switch (instruction->immediate_size) {
    case 1:
        return (int8_t)bytes[0];
    case 2:
        return (int16_t)(bytes[0] | bytes[1] << 8);
    case 4:
        return read_i32(bytes);
    case 8:
        memcpy(&value, bytes, sizeof value);
        return value;
    default:
        return 0;
    }
}
