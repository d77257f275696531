/* One instruction by itself: every rule that its bytes alone can break. */
#ifndef MOTTE_VERIFIER_EXAMINE_H
#define MOTTE_VERIFIER_EXAMINE_H

#include <stdbool.h>
#include <stddef.h>

#include "forms.h"
#include "verify.h"

/* Examines what `bytes` begin with; DECODE_WINDOW of them can be read, of which `available` belong to the function, of a program
 * that reaches blocks or does not.  Gives the instruction's length and effect, or the rule it breaks, and then neither. */
enum motte_rule examine(const uint8_t *bytes, size_t available, bool reaches_blocks, unsigned *length, struct effect *effect);

/* D6: the length of the NOP at `bytes`, of which `available` can be read; 0 if none is there. */
unsigned nop_length(const uint8_t *bytes, size_t available);

#endif
