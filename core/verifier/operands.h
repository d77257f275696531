/* M1 to M8 and S2: the registers and the memory operand of one instruction. */
#ifndef MOTTE_VERIFIER_OPERANDS_H
#define MOTTE_VERIFIER_OPERANDS_H

#include "decode.h"
#include "verify.h"

/* The rule that the operands of a decoded instruction of a listed form break, or its effect. */
enum motte_rule operand_rules(const struct instruction *instruction, struct effect *effect);

#endif
