/* What the verifier said, written to a file for another verifier: see answers.py. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdio.h>

#include "verifier/verify.h"

/* From now on answers go to this file. */
void answers_begin(FILE *file);

/* One question about one function, every 64th of which is written. */
void answers_add(const struct motte_claims *claims, const struct motte_verdict *verdict);

#endif
