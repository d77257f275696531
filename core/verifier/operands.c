/* Two kinds of addresses, and no others.
 *
 * With 65 and 67 together the processor truncates the address to 32 bits and adds the window's base, whatever the
 * registers hold; with 64 and 67, where 64 is a prefix at all, the base of the block that is open.  Without them only
 * disp(%rsp), whose place in the frame heights.c checks, and the three operands that read a table, which shapes.c accepts
 * inside their shapes only.
 *
 * Here `rsp` is the number 4 in a field that names a general register, and nothing extends it.
 */
#include "operands.h"

enum { TABLE_REGISTER = 10, JUMP_TABLE_SCALE_LOG2 = 3 };

/* --- registers ---------------------------------------------------------------------------------------------------- */

/* Without REX, byte register 4 is ah and not spl. */
static bool is_stack_pointer(const struct instruction *instruction, uint8_t field, unsigned number)
{
    return number == STACK_POINTER && (field == FIELD_GENERAL || (field == FIELD_BYTE && instruction->has_rex));
}

static bool register_is_stack_pointer(const struct instruction *instruction)
{
    return instruction->has_modrm && instruction->mod == 3 &&
           is_stack_pointer(instruction, instruction->form->rm, instruction->rm | instruction->b << 3);
}

static bool names_stack_pointer(const struct instruction *instruction)
{
    const struct form *form = instruction->form;
    return is_stack_pointer(instruction, form->reg, instruction->reg | instruction->r << 3) ||
           is_stack_pointer(instruction, form->vvvv, instruction->vvvv) ||
           is_stack_pointer(instruction, form->opcode, (instruction->opcode & 7U) | instruction->b << 3) ||
           register_is_stack_pointer(instruction);
}

static enum motte_rule adjustment(int64_t growth, struct effect *effect)
{
    if (growth % 8 != 0)
        return MOTTE_RULE_S1;
    *effect = (struct effect){EFFECT_ADJUST, growth, 0};
    return MOTTE_RULE_NONE;
}

static bool is_transfer(const struct form *form)
{
    return form->effect == EFFECT_TABLE_CALL || form->effect == EFFECT_TABLE_JUMP;
}

static enum motte_rule register_rules(const struct instruction *instruction, struct effect *effect)
{
    const struct form *form = instruction->form;
    if (is_transfer(form))
        return MOTTE_RULE_C2;
    if (!names_stack_pointer(instruction)) {
        effect->kind = form->effect;
        return MOTTE_RULE_NONE;
    }
    if (form->trait == TRAIT_ADD)
        return adjustment(-immediate_of(instruction), effect);
    if (form->trait == TRAIT_SUBTRACT)
        return adjustment(immediate_of(instruction), effect);
    return MOTTE_RULE_S2;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static uint8_t access_width(const struct instruction *instruction)
{
    return instruction->broadcast ? instruction->form->broadcast_width : instruction->form->width;
}

static enum motte_rule window_rules(const struct instruction *instruction)
{
    if (!instruction->segment || !instruction->address_size)
        return MOTTE_RULE_M1;
    if (is_transfer(instruction->form))
        return MOTTE_RULE_M7;
    return instruction->base == STACK_POINTER ? MOTTE_RULE_M1 : MOTTE_RULE_NONE;
}

static enum motte_rule stack_rules(const struct instruction *instruction, struct effect *effect)
{
    if (is_transfer(instruction->form))
        return MOTTE_RULE_M7;
    if (instruction->index != NO_REGISTER)
        return MOTTE_RULE_M2;
    *effect = (struct effect){EFFECT_ACCESS, instruction->displacement, access_width(instruction)};
    return MOTTE_RULE_NONE;
}

/* M8: the operands without prefixes that a shape may contain. */
static enum motte_rule table_rules(const struct instruction *instruction, struct effect *effect)
{
    const struct form *form = instruction->form;
    int64_t displacement = instruction->displacement;
    if (instruction->base == TABLE_REGISTER && instruction->index == NO_REGISTER) {
        if (form->trait == TRAIT_COMPARISON) {
            *effect = (struct effect){EFFECT_TABLE_COMPARE, displacement, (uint32_t)immediate_of(instruction)};
            return MOTTE_RULE_NONE;
        }
        if (is_transfer(form)) {
            *effect = (struct effect){form->effect, displacement, 0};
            return MOTTE_RULE_NONE;
        }
    }
    bool is_indexed = instruction->base == NO_REGISTER && instruction->index != NO_REGISTER &&
                      instruction->scale_log2 == JUMP_TABLE_SCALE_LOG2;
    if (form->effect == EFFECT_TABLE_JUMP && is_indexed) {
        *effect = (struct effect){EFFECT_INDEX_JUMP, instruction->index, displacement};
        return MOTTE_RULE_NONE;
    }
    return is_transfer(form) ? MOTTE_RULE_M7 : MOTTE_RULE_M1;
}

/* lea computes and does not access: any registers do, but rsp and rip would turn into the guest's values. */
static enum motte_rule address_rules(const struct instruction *instruction, struct effect *effect)
{
    if (instruction->segment || instruction->address_size)
        return MOTTE_RULE_M1;
    if (instruction->base == INSTRUCTION_POINTER)
        return MOTTE_RULE_M3;
    bool to_stack_pointer = names_stack_pointer(instruction);
    bool of_stack_pointer = instruction->base == STACK_POINTER;
    if (to_stack_pointer && of_stack_pointer && instruction->w && instruction->index == NO_REGISTER)
        return adjustment(-(int64_t)instruction->displacement, effect);
    return to_stack_pointer || of_stack_pointer ? MOTTE_RULE_S2 : MOTTE_RULE_NONE;
}

static enum motte_rule memory_rules(const struct instruction *instruction, struct effect *effect)
{
    const struct form *form = instruction->form;
    if (form->trait == TRAIT_ADDRESS)
        return address_rules(instruction, effect);
    if (names_stack_pointer(instruction))
        return MOTTE_RULE_S2;
    if (instruction->base == INSTRUCTION_POINTER)
        return MOTTE_RULE_M3;
    if (form->trait == TRAIT_BIT_STRING)
        return MOTTE_RULE_M4;
    if (instruction->segment || instruction->address_size)
        return window_rules(instruction);
    return instruction->base == STACK_POINTER ? stack_rules(instruction, effect) : table_rules(instruction, effect);
}

enum motte_rule operand_rules(const struct instruction *instruction, struct effect *effect)
{
    switch (instruction->form->effect) {
    case EFFECT_CALL:
    case EFFECT_JUMP:
    case EFFECT_BRANCH:
        *effect = (struct effect){instruction->form->effect, immediate_of(instruction), 0};
        return MOTTE_RULE_NONE;
    default:
        return has_memory(instruction) ? memory_rules(instruction, effect) : register_rules(instruction, effect);
    }
}
