/* Which mutants there were already: a set of hashes of their bytes, as they are before they get a place. */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stdint.h>

void seen_prepare(void);

/* Whether these bytes were not there yet; from now on they are. */
bool seen_is_new(const uint8_t *code, uint32_t size);

/* The set is too large to be summed up with the rest of the host's memory: while mutants run, it cannot be accessed. */
void seen_hide(bool hidden);

#endif
