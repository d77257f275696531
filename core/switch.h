/* What switch.S, signal_entries.S and host_access.S offer to C, and the ranges of them that the signal handlers know. */
#ifndef MOTTE_SWITCH_H
#define MOTTE_SWITCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct context;

/* How much vector state must be cleared: set once, before anything here is called. */
enum vector_level { VECTOR_SSE = 0, VECTOR_AVX = 1, VECTOR_AVX512 = 2 };
extern uint32_t motte_vector_level;

/* Runs the guest whose context this is, from where it stands, until it leaves. Returns on the same stack. For guest_run
 * alone. */
void guest_enter(struct context *context, uintptr_t window);

/* The same, without a `call`.
 *
 * The processor keeps return addresses on a stack of its own, and predicts returns with it.  A switch leaves a guest
 * through a gate, in the middle of its calls, and enters another in the middle of its own.  If the host pushes a
 * return address in between, and takes it off where the guest has pushed others, then each `ret` for some levels, the
 * guests' and the host's, is predicted to go where the one before it ought to have gone: four mistakes a switch, a
 * quarter of its time.  So nothing is pushed here, and guest_leave pops nothing; what a guest has pushed is what the
 * next one finds, and where both run the same code, it is even right. */
#ifdef __AVX512F__
#define MORE_VECTORS                                                                                                  \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",       \
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define MORE_VECTORS
#endif
static inline void guest_run(struct context *context, uintptr_t window)
{
    __asm__ volatile("movq %%rsp, %%r12\n\t"
                     "subq $128, %%rsp\n\t" /* the compiler may keep something below the stack pointer, */
                     "andq $-16, %%rsp\n\t" /* and align it for its own calls only */
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "jmp guest_enter\n"
                     "1:\tmovq %%r12, %%rsp"
                     : "+D"(context), "+S"(window)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "cc", "memory", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15" MORE_VECTORS);
}
#undef MORE_VECTORS

/* In a gate: the way back to the guest is that of the process whose window this is. */
static inline void switch_gs_base(uintptr_t window)
{
    __asm__ volatile("wrgsbase %0" : : "r"(window) : "memory");
}

/* Where gates jump to, with the kernel call's number in r11d; those of programs that reach checked blocks. */
extern const char motte_gate[], motte_reaching_gate[];

/* Handlers of signals, for the kernel: they call those of signals.c, and the C library's own, with the host's FS base. */
extern const char motte_interrupt_entry[], motte_fault_entry[], motte_change_ids_entry[];

/* Where the gate behind functions that the host calls jumps to. */
extern const char motte_function_return[];

/* Copy `size` bytes; clear as many. 0, or 1 if a byte of the window (which starts at `window`) could not be accessed.
 */
int guest_copy(void *to, const void *from, size_t size, uintptr_t window);
int guest_clear(void *to, int zero, size_t size, uintptr_t window);

/* The kernel's result, or -EINTR if *stop was not zero immediately before the call. */
long checked_syscall(long number, const long arguments[6], const _Atomic uint32_t *stop);

/* --- labels for the handlers; no code may take their addresses for anything else ------------------------------- */

/* Leaves the guest, whatever is in the registers: at the instruction that the context tells, or in a gate. */
extern const char guest_leave[], guest_leave_gate[];
/* Behind the last instruction of the way in and out, which begins with guest_enter. */
extern const char guest_left[];
/* Between the last look at the flag and guest code: a request that comes here goes to guest_leave, or for a gate to
 * guest_leave_gate. */
extern const char guest_enter_check[], guest_enter_checked[];
extern const char motte_gate_check[], motte_gate_checked[];
extern const char motte_reaching_gate_check[], motte_reaching_gate_checked[];
extern const char motte_call_check[], motte_call_checked[];
/* Between the look at the flag and the kernel: a stop that comes here goes to checked_syscall_stopped. */
extern const char checked_syscall_check[], checked_syscall_entered[], checked_syscall_stopped[];
/* Instructions that touch guest memory, with the window in r8: a fault here goes to guest_copy_failed. */
extern const char guest_copy_access[], guest_copy_accessed[];
extern const char guest_clear_access[], guest_clear_accessed[];
extern const char guest_copy_failed[];

#endif
