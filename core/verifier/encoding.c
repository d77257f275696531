/* D4.
 *
 * The problem: bits that a processor ignores today.  Decoders disagree about them, and tomorrow's processor may give
 * them a meaning.
 *
 * The answer: each bit that the encoding offers is allowed only where the form has something for it to say: W where it
 * distinguishes two forms, R, X and B where a register field is extended, a SIB byte where the address cannot be said
 * without, the long VEX prefix where the short one would not do.  Everything else must be as an assembler leaves it.
 */
#include "encoding.h"

static bool is_register(uint8_t field)
{
    return field == FIELD_BYTE || field == FIELD_GENERAL || field == FIELD_VECTOR;
}

/* Whether B extends a register: the base of an address, the operand of mod 3, or the one in the opcode. */
static bool has_base_register(const struct instruction *instruction)
{
    if (!instruction->has_modrm)
        return is_register(instruction->form->opcode);
    if (instruction->mod == 3)
        return is_register(instruction->form->rm);
    return instruction->base != NO_REGISTER && instruction->base != INSTRUCTION_POINTER;
}

/* Whether X extends a register: an index, or in EVEX the vector operand of mod 3. */
static bool has_index_register(const struct instruction *instruction)
{
    if (!instruction->has_modrm)
        return false;
    if (instruction->mod == 3)
        return instruction->encoding == ENCODING_EVEX && instruction->form->rm == FIELD_VECTOR;
    return instruction->has_sib && instruction->index != NO_REGISTER;
}

static bool extensions_have_meaning(const struct instruction *instruction)
{
    const struct form *form = instruction->form;
    return (!instruction->w || form->flags & FORM_USES_W) && (!instruction->r || is_register(form->reg)) &&
           (!instruction->x || has_index_register(instruction)) &&
           (!instruction->b || has_base_register(instruction)) &&
           (!instruction->r_high || form->reg == FIELD_VECTOR) &&
           !(form->flags & FORM_IGNORES_REG && instruction->reg);
}

/* With REX, byte registers 4 to 7 are spl, bpl, sil and dil; without, they are ah, ch, dh and bh. */
static bool names_low_byte(uint8_t field, uint8_t number)
{
    return field == FIELD_BYTE && number >= 4;
}

/* A REX prefix without any bit serves byte registers only. */
static bool rex_has_meaning(const struct instruction *instruction)
{
    const struct form *form = instruction->form;
    if (!instruction->has_rex || (instruction->w | instruction->r | instruction->x | instruction->b))
        return true;
    return names_low_byte(form->reg, instruction->reg) || names_low_byte(form->opcode, instruction->opcode & 7) ||
           (instruction->has_modrm && instruction->mod == 3 && names_low_byte(form->rm, instruction->rm));
}

static bool address_is_short(const struct instruction *instruction)
{
    if (!has_memory(instruction) || !instruction->has_sib || instruction->index != NO_REGISTER)
        return true;
    if (instruction->scale_log2 != 0)
        return false;
    return instruction->base == NO_REGISTER || (instruction->base & 7) == STACK_POINTER;
}

static bool vector_prefix_is_short(const struct instruction *instruction)
{
    const struct form *form = instruction->form;
    bool needs_three_bytes = instruction->w | instruction->x | instruction->b || !instruction->map_is_0f;
    if (instruction->encoding == ENCODING_VEX3 && !needs_three_bytes)
        return false;
    return !(form->flags & FORM_REGISTER_IN_IMMEDIATE && instruction->bytes[instruction->immediate_at] & 15);
}

/* The length field: a rounding mode where the form rounds, otherwise a length where the form has several. */
static bool length_has_meaning(const struct instruction *instruction)
{
    unsigned flags = instruction->form->flags;
    if (instruction->broadcast && instruction->mod == 3)
        return flags & FORM_ROUNDS ? !(flags & FORM_IGNORES_ROUNDING) : instruction->vector_length == 0;
    return !(flags & FORM_IGNORES_LENGTH) || instruction->vector_length == 0;
}

bool is_canonical(const struct instruction *instruction)
{
    return extensions_have_meaning(instruction) && rex_has_meaning(instruction) && address_is_short(instruction) &&
           (instruction->encoding == ENCODING_LEGACY ||
            (vector_prefix_is_short(instruction) && length_has_meaning(instruction)));
}
