/* Which map an instruction's opcode is looked up in, and what stands before it. */
#ifndef MOTTE_VERIFIER_OPCODE_MAPS_H
#define MOTTE_VERIFIER_OPCODE_MAPS_H

#include "decode.h"

/* Reads everything before the opcode of `instruction->bytes` into `instruction`. Returns the map, MAP_NONE if none
 * begins like this; the opcode's place in *at, and the prefixes that choose the form in *chosen.  `reaches_blocks`: 64 is as
 * good as 65. */
enum opcode_map read_prefixes_and_map(struct instruction *instruction, bool reaches_blocks, unsigned *at,
                                      enum selector_prefixes *chosen);

#endif
