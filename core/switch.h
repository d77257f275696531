/* What switch.S offers to C, and the ranges of it that the signal handlers know. */
#ifndef MOTTE_SWITCH_H
#define MOTTE_SWITCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct context;

/* How much vector state must be cleared: set once, before anything here is called. */
enum vector_level { VECTOR_SSE = 0, VECTOR_AVX = 1, VECTOR_AVX512 = 2 };
extern uint32_t motte_vector_level;

/* Runs the guest whose context this is, from where it stands, until it leaves. Returns on the same stack. */
void guest_enter(struct context *context, uintptr_t window);

/* Where gates jump to, with the kernel call's number in r11d. */
extern const char motte_gate[];

/* Copy `size` bytes; clear as many. 0, or 1 if a byte of the window (which starts at `window`) could not be accessed.
 */
int guest_copy(void *to, const void *from, size_t size, uintptr_t window);
int guest_clear(void *to, int zero, size_t size, uintptr_t window);

/* The kernel's result, or -EINTR if *stop was not zero immediately before the call. */
long checked_syscall(long number, const long arguments[6], const _Atomic uint32_t *stop);

/* --- labels for the handlers; no code may take their addresses for anything else ------------------------------- */

/* Leaves the guest, whatever is in the registers: at the instruction that the context tells, or in a gate. */
extern const char guest_leave[], guest_leave_gate[];
/* Between the last look at the flag and guest code: a request that comes here goes to guest_leave, or for a gate to
 * guest_leave_gate. */
extern const char guest_enter_check[], guest_enter_checked[];
extern const char motte_gate_check[], motte_gate_checked[];
/* Between the look at the flag and the kernel: a stop that comes here goes to checked_syscall_stopped. */
extern const char checked_syscall_check[], checked_syscall_entered[], checked_syscall_stopped[];
/* Instructions that touch guest memory, with the window in r8: a fault here goes to guest_copy_failed. */
extern const char guest_copy_access[], guest_copy_accessed[];
extern const char guest_clear_access[], guest_clear_accessed[];
extern const char guest_copy_failed[];

#endif
