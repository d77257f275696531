#include "decode.h"

#include <string.h>

#include "opcode_maps.h"
#include "verify.h"

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

bool decode(const uint8_t *bytes, bool reaches_blocks, struct instruction *instruction)
{
    *instruction = (struct instruction){.bytes = bytes};
    unsigned at = 0;
    enum selector_prefixes prefixes = PREFIXES_NONE;
    enum opcode_map map = read_prefixes_and_map(instruction, reaches_blocks, &at, &prefixes);
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
