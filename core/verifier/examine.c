/* D3, D5, D6, and the order in which an instruction's faults are looked for.
 *
 * That order decides which rule a bad instruction is refused by: whether a prefix stands where the opcode must (D3),
 * whether it decodes (D1), what it is (D5, M4 to M7), whether its prefixes mean anything (D3), its operands (M, S1,
 * S2), and last whether it is encoded as an honest assembler would (D4).
 */
#include "examine.h"

#include <string.h>

#include "decode.h"
#include "encoding.h"
#include "operands.h"

static const struct {
    uint8_t length, bytes[9];
} nops[] = {
    {1, {0x90}},
    {2, {0x66, 0x90}},
    {3, {0x0f, 0x1f, 0x00}},
    {4, {0x0f, 0x1f, 0x40, 0x00}},
    {5, {0x0f, 0x1f, 0x44, 0x00, 0x00}},
    {6, {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00}},
    {7, {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00}},
    {8, {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {9, {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}},
};

unsigned nop_length(const uint8_t *bytes, size_t available)
{
    for (size_t i = 0; i < sizeof nops / sizeof nops[0]; i++)
        if (nops[i].length <= available && memcmp(bytes, nops[i].bytes, nops[i].length) == 0)
            return nops[i].length;
    return 0;
}

static bool is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0x67:
    case 0xf0: case 0xf2: case 0xf3:
        return true;
    default:
        return (byte & 0xf0) == 0x40;
    }
}

/* D3 for prefixes that stand in order: whether each means something to the form. */
static bool prefixes_have_meaning(const struct instruction *instruction)
{
    unsigned flags = instruction->form->flags;
    if ((instruction->segment || instruction->address_size) && !has_memory(instruction))
        return false;
    if (instruction->operand_size && !(flags & FORM_ALLOWS_66))
        return false;
    switch (instruction->lock_or_repeat) {
    case 0xf2:
        return flags & FORM_NEEDS_F2;
    case 0xf3:
        return flags & FORM_NEEDS_F3;
    default:
        return true; /* decoding has refused f0 where it means nothing */
    }
}

static enum motte_rule examine_decoded(const struct instruction *instruction, struct effect *effect)
{
    const struct form *form = instruction->form;
    if (form->refusal != MOTTE_RULE_NONE)
        return form->refusal;
    if (form->trait == TRAIT_COUNT_JUMP && instruction->address_size)
        return MOTTE_RULE_D5; /* jecxz */
    if (!prefixes_have_meaning(instruction))
        return MOTTE_RULE_D3;
    enum motte_rule rule = operand_rules(instruction, effect);
    if (rule != MOTTE_RULE_NONE)
        return rule;
    return is_canonical(instruction) ? MOTTE_RULE_NONE : MOTTE_RULE_D4;
}

enum motte_rule examine(const uint8_t *bytes, size_t available, bool reaches_blocks, unsigned *length, struct effect *effect)
{
    struct instruction instruction;
    bool decodes = decode(bytes, reaches_blocks, &instruction);
    if (instruction.prefix_count < available && is_prefix(bytes[instruction.prefix_count]))
        return MOTTE_RULE_D3;
    if (!decodes || instruction.length > available)
        return MOTTE_RULE_D1;
    *length = instruction.length;
    *effect = (struct effect){.kind = EFFECT_NONE};
    enum motte_rule rule = examine_decoded(&instruction, effect);
    bool listed_nop = rule == MOTTE_RULE_D6 && nop_length(bytes, instruction.length) == instruction.length;
    return listed_nop ? MOTTE_RULE_NONE : rule;
}
