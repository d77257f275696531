/* What a mutant may call: gates, one for each number of stack arguments, and a function table that leads to them.  All
 * functions that a subject called become gates. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include "subjects.h"
#include "verifier/verify.h"

enum { MOST_GATES = 64, TABLE_LOG2 = 4, FUNCTION_TABLE = 16 << TABLE_LOG2 };

/* Gates and classes for all subjects. */
void surroundings_prepare(const struct corpus *corpus);
size_t gate_count(void);

/* The address of the gate that takes so many bytes. */
uint32_t gate_for(uint32_t stack_arguments);

/* FUNCTION_TABLE bytes. */
void write_function_table(uint8_t *to);

/* Claims about code at `base` that can be read at `code`: without functions and tables yet. */
struct motte_claims claims_about(uint64_t base, const uint8_t *code, size_t size);

#endif
