/* setjmp and longjmp: the two kernel calls behind them.
 *
 * The problem.  The buffer of a setjmp lies in the guest's memory, so everything in it is the guest's claim by the
 * time of the longjmp.  A real stack pointer there would leak a host address, and a forged one would make the
 * stack pointer, and with it every return address, the guest's choice.
 *
 * What fails.  Encrypting or signing the buffer: a genuine buffer of a function that has returned is forged, too,
 * and so is one that another process made of the same program.
 *
 * The answer.  The buffer names a call site and how far below the stack's top the stack pointer stood.  Nothing
 * is believed: the jump is made if a walk up the native stack, from the gate's own return address, meets a live
 * frame of that site's function at exactly the place that follows from the two; where it resumes is then a unit of
 * that function, with the height that the verifier found there.  The other registers may hold anything anyway.
 */
#ifndef MOTTE_JUMPS_H
#define MOTTE_JUMPS_H

#include <stdint.h>

struct process;

/* Kernel calls: see motte.abi.kernel_calls. */
int64_t call_setjmp(struct process *process, const uint64_t arguments[6]);
int64_t call_longjmp(struct process *process, const uint64_t arguments[6]);

#endif
