#include "forms.h"

#include "verify.h" /* NOLINT(misc-include-cleaner): the table names its rules */

struct opcode {
    uint16_t first_cell;
    uint16_t strides[6]; /* of prefixes, W, length, mod = 3, reg, rm; 0 where the opcode does not care */
    bool has_modrm;
};

#include "forms_table.h" /* forms, cells, map_*: generated */

static const struct opcode *const maps[MAP_NONE] = {
    [MAP_LEGACY] = map_legacy_normal,
    [MAP_LEGACY_0F] = map_legacy_t0f,
    [MAP_LEGACY_0F38] = map_legacy_t0f38,
    [MAP_LEGACY_0F3A] = map_legacy_t0f3a,
    [MAP_3DNOW] = map_three_d_now,
    [MAP_VEX_0F] = map_vex_t0f,
    [MAP_VEX_0F38] = map_vex_t0f38,
    [MAP_VEX_0F3A] = map_vex_t0f3a,
    [MAP_EVEX_0F] = map_evex_t0f,
    [MAP_EVEX_0F38] = map_evex_t0f38,
    [MAP_EVEX_0F3A] = map_evex_t0f3a,
    [MAP_EVEX_5] = map_evex_map5,
    [MAP_EVEX_6] = map_evex_map6,
    [MAP_XOP_8] = map_xop_map8,
    [MAP_XOP_9] = map_xop_map9,
    [MAP_XOP_10] = map_xop_map10,
};

/* Opcodes that the table does not list are all zero: no ModRM, no strides, and cell 0, whose form does not decode. */
_Static_assert(sizeof cells / sizeof cells[0] <= UINT16_MAX, "first_cell reaches every cell");

bool opcode_has_modrm(enum opcode_map map, uint8_t opcode)
{
    return maps[map][opcode].has_modrm;
}

const struct form *form_lookup(enum opcode_map map, uint8_t opcode, struct selector selector)
{
    const struct opcode *found = &maps[map][opcode];
    const uint16_t *strides = found->strides;
    unsigned cell = found->first_cell + selector.prefixes * strides[0] + selector.w * strides[1] +
                    selector.length * strides[2] + (selector.modrm >= 0xc0) * strides[3] +
                    (selector.modrm >> 3 & 7) * strides[4] + (selector.modrm & 7) * strides[5];
    return &forms[cells[cell]];
}
