/* Why did a verified instruction raise #GP?  Almost always because a vector access was not aligned.
 *
 * The kernel reports #GP without an address.  Verified code can raise it by a misaligned operand of an instruction
 * that demands alignment, and hardly otherwise; this looks at the opcode to name it, and at the operand to say where.
 * It is for messages only: nothing that guards isolation depends on it.
 */
#ifndef MOTTE_ALIGNED_ACCESS_H
#define MOTTE_ALIGNED_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aligned_access {
    bool writes;
    bool in_block;    /* `address` is 32 bits, in the checked block that is open */
    bool in_window;   /* the same, from the window's start; in neither, it is a host address on the native stack */
    uint64_t address; /* of the operand */
};

/* True if the instruction at `code` (of which `available` bytes may be read) demands an aligned memory operand.
 * `registers` are in the order of their encoding: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
bool aligned_access_decode(const uint8_t *code, size_t available, const uint64_t registers[16],
                           struct aligned_access *access);

#endif
