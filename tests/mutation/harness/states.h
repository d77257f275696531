/* Registers to begin with: numbers among which an unconfined address would be found out. */
#ifndef STATES_H
#define STATES_H

#include "crossing.h"

void states_prepare(uint64_t seed);

/* One of some hundreds. */
const struct state *states_draw(uint64_t *random);

#endif
