/* What is done to a function to make a mutant of it. */
#ifndef CHANGES_H
#define CHANGES_H

#include "subjects.h"

enum change { CHANGE_BIT, CHANGE_BYTE, CHANGE_TWO_BITS, CHANGE_SPLICE, CHANGES };

/* Changes the subject's `code` at or near `place`, a byte of it (for CHANGE_BIT: the number of a bit).  Splices
 * come from any subject of the corpus.  The first changed byte. */
uint32_t change_apply(const struct corpus *corpus, const struct subject *subject, uint8_t *code, enum change change,
                      uint32_t place, uint64_t *random);

#endif
