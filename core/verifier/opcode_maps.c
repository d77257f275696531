/* The bytes before the opcode: legacy prefixes and REX in the one accepted order, VEX, EVEX and XOP. */
#include "opcode_maps.h"

/* --- prefixes --------------------------------------------------------------------------------------------------- */

static void read_prefixes(const uint8_t *bytes, bool reaches_blocks, struct instruction *instruction)
{
    unsigned at = 0;
    if (bytes[at] == 0x65 || (reaches_blocks && bytes[at] == 0x64))
        instruction->segment = true, at++;
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

/* --- opcode maps: each returns the map, and leaves the opcode's place in *at ------------------------------------ */

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
    static const uint8_t vex_maps[] = {MAP_NONE, MAP_VEX_0F, MAP_VEX_0F38, MAP_VEX_0F3A};
    static const uint8_t xop_maps[] = {MAP_XOP_8, MAP_XOP_9, MAP_XOP_10};
    const uint8_t *payload = instruction->bytes + *at + 1;
    unsigned map = payload[0] & 31;
    extension_bits(instruction, payload[0]);
    *chosen = vector_bits(instruction, payload[1]);
    instruction->vector_length = payload[1] >> 2 & 1;
    instruction->map_is_0f = map == 1;
    bool is_xop = instruction->bytes[*at] == 0x8f;
    instruction->encoding = is_xop ? ENCODING_XOP : ENCODING_VEX3;
    *at += 3;
    if (is_xop)
        return map <= 10 ? xop_maps[map - 8] : MAP_NONE;
    return map < sizeof vex_maps ? vex_maps[map] : MAP_NONE;
}

static enum opcode_map evex_map(struct instruction *instruction, unsigned *at, enum selector_prefixes *chosen)
{
    static const uint8_t maps[8] = {MAP_NONE, MAP_EVEX_0F, MAP_EVEX_0F38, MAP_EVEX_0F3A,
                                    MAP_NONE, MAP_EVEX_5,  MAP_EVEX_6,    MAP_NONE};
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

static bool is_vector_encoding(const uint8_t *bytes)
{
    bool is_xop = bytes[0] == 0x8f && (bytes[1] & 31) >= 8;
    return bytes[0] == 0xc4 || bytes[0] == 0xc5 || bytes[0] == 0x62 || is_xop;
}

enum opcode_map read_prefixes_and_map(struct instruction *instruction, bool reaches_blocks, unsigned *at,
                                      enum selector_prefixes *chosen)
{
    read_prefixes(instruction->bytes, reaches_blocks, instruction);
    *at = instruction->prefix_count;
    const uint8_t *bytes = instruction->bytes + *at;
    if (!is_vector_encoding(bytes))
        return legacy_map(instruction, at, chosen);
    if (instruction->operand_size || instruction->lock_or_repeat || instruction->has_rex)
        return MAP_NONE; /* processors raise #UD */
    if (bytes[0] == 0xc5)
        return vex2_map(instruction, at, chosen);
    return bytes[0] == 0x62 ? evex_map(instruction, at, chosen) : vex3_map(instruction, at, chosen);
}
