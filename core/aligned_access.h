/* Why did a verified instruction raise #GP?  Almost always because a vector access was not aligned.
 *
 * The kernel reports #GP without an address.  Verified code can raise it by a misaligned operand of an instruction that
 * demands alignment, and hardly otherwise; this looks at the opcode to name it.  It is for messages only: nothing that
 * guards isolation depends on it.
 */
#ifndef MOTTE_ALIGNED_ACCESS_H
#define MOTTE_ALIGNED_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if the instruction at `code` (of which `available` bytes may be read) demands an aligned memory operand. */
bool access_must_be_aligned(const uint8_t *code, size_t available);

#endif
