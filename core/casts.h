/* Checked casts: whether an integer that became a pointer points into the process's memory.
 *
 * The compiler puts a test behind the integer-to-pointer conversions of a program that asked for it (motte.compiler.
 * checked_casts).  Most tests are answered in the guest, by a variable of its own that remembers a few stretches of
 * mapped pages; the rest come here, where the list of areas decides, and fill that variable.
 *
 * Isolation does not depend on any of this: whatever a pointer's origin, it stays inside the window.  A guest that
 * writes to its own variable, or names another one, only spoils its own tests.
 */
#ifndef MOTTE_CASTS_H
#define MOTTE_CASTS_H

#include <stdint.h>

struct process;

/* Kernel call: see motte.abi.kernel_calls. */
int64_t call_check_pointer(struct process *process, const uint64_t arguments[6]);

/* Pages of the window were unmapped: what the guest remembers may be wrong now. On the process's own thread. */
void casts_forget(struct process *process);

#endif
