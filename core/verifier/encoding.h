/* D4: one encoding for each meaning. */
#ifndef MOTTE_VERIFIER_ENCODING_H
#define MOTTE_VERIFIER_ENCODING_H

#include <stdbool.h>

#include "decode.h"

/* Whether every bit of a decoded instruction of a listed form says something, or is 0. */
bool is_canonical(const struct instruction *instruction);

#endif
