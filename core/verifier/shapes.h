/* C2 and C3: the short sequences through which alone control becomes indirect. */
#ifndef MOTTE_VERIFIER_SHAPES_H
#define MOTTE_VERIFIER_SHAPES_H

#include "forms.h"
#include "verify.h"

enum { CALL_LENGTH = 5, SWITCH_LENGTH = 2 }; /* instructions */

/* One of the instructions before and with the transfer; each has passed the rules about single instructions. */
struct step {
    uint32_t offset;
    uint8_t length; /* bytes; 0 if the function has not so many instructions */
    struct effect effect;
};

/* Whether the last steps are a shape: its effect, or C2 or C3. */
enum motte_rule indirect_call(const uint8_t *code, const struct step steps[CALL_LENGTH], uint64_t function_table,
                              uint32_t mask, struct effect *effect);
enum motte_rule switch_jump(const uint8_t *code, const struct step steps[SWITCH_LENGTH], struct effect *effect);

#endif
