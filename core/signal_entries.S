/* What the kernel calls for a signal: void (int number: edi, siginfo_t *: rsi, void *: rdx).
 *
 * The problem.  A signal may find its thread with a guest's FS base (exchange/reaches.h).  The kernel neither sets the FS base
 * for a handler nor puts it back behind one, and the C library would take the guest's block for this thread's variables.
 *
 * The answer.  Handlers are entered here.  Where the FS base is a guest's, GS base is its window, and its context has the
 * host's.  That is set for the handler, and the guest's put back behind it: what the handler has decided to go on with has
 * the FS base that it was interrupted with, and guest_leave knows that it may be either.  Nothing here, and nothing before
 * it, uses FS. */
#include "exchange/reaches.h"
#include "switch_macros.h"

    .text

.macro SIGNAL_ENTRY name, handler
FUNCTION \name
    pushq %rbx
    rdfsbase %rbx
    leaq motte_reach_groups(%rip), %rcx
    leaq 8 * REACH_GROUPS(%rcx), %r8
    movabsq $REACH_GROUP_SIZE, %r9
1:
    movq (%rcx), %r10
    movq %rbx, %rax
    subq %r10, %rax
    testq %r10, %r10
    je 2f
    cmpq %r9, %rax
    jb 3f
2:
    addq $8, %rcx
    cmpq %r8, %rcx
    jne 1b
    call \handler                       /* the FS base is this thread's own */
    popq %rbx
    ret
3:
    movq GS(CONTEXT_HOST_FS), %rax
    wrfsbase %rax
    call \handler
    wrfsbase %rbx
    popq %rbx
    ret
    .size \name, . - \name
.endm

    SIGNAL_ENTRY motte_interrupt_entry, motte_on_interrupt
    SIGNAL_ENTRY motte_fault_entry, motte_on_fault
    SIGNAL_ENTRY motte_change_ids_entry, *motte_change_ids_handler(%rip)

    .section .note.GNU-stack, "", @progbits
