/* Gates: the only code outside its program that a guest can call, at addresses that every program knows.
 *
 * Gate n lies at GATE_BASE + n * GATE_STRIDE and goes to motte_gate with n in r11d.  The last slot of its half of the gate
 * pages is the return address of every entry function: an entry function that returns ends its process with its result.
 * The one before it is the return address of functions that the host calls (function_call.h), in all programs.
 * Programs that reach checked blocks have the other half, from REACHING_GATE_BASE on, which goes to motte_reaching_gate.
 */
#ifndef MOTTE_GATES_H
#define MOTTE_GATES_H

#include <stdbool.h>
#include <stdint.h>

#include "motte_abi.h"

#define GATES_SIZE (MOTTE_REACHING_GATE_BASE - MOTTE_GATE_BASE)
#define ENTRY_RETURN_GATE (MOTTE_GATE_BASE + GATES_SIZE - MOTTE_GATE_STRIDE)
#define REACHING_ENTRY_RETURN_GATE (ENTRY_RETURN_GATE + GATES_SIZE)
#define FUNCTION_RETURN_GATE (ENTRY_RETURN_GATE - MOTTE_GATE_STRIDE)

struct process;

/* Writes them into the reserved code region and makes them executable, for ever. */
bool gates_write(void);

/* What motte_gate calls, on the host's stack. */
int64_t motte_kernel_call(struct process *process, uint32_t number, const uint64_t arguments[6]);

#endif
