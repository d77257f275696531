/* What verification learned about frames: for call sites kept in the verdict, for other places on request. */
#ifndef MOTTE_VERIFIER_FRAME_MAP_H
#define MOTTE_VERIFIER_FRAME_MAP_H

#include "verification.h"

/* Adds the call sites and the class traps of the function at hand, which was walked without a violation of code;
 * functions come in order of their offsets. False without memory. */
bool frame_map_add(const struct verification *run, struct motte_verdict *verdict);

/* The unit of the function at hand that contains a code offset. False if no path reaches it. */
bool frame_map_place(const struct verification *run, uint32_t code_offset, struct motte_place *place);

#endif
